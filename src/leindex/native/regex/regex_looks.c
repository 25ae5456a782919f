/* Looks: what holds between two bytes of a text, such as that a line or a word begins there. */
#include "native.h"
#include "regex/regex.h"
#include "regex/regex_words.h"

/* The length of the valid UTF-8 character at data[at], 0 if there is none; the character in *c. */
static int decode(const uint8_t *data, size_t at, size_t end, uint32_t *c)
{
    size_t left = end - at;
    uint8_t lead = left ? data[at] : 0x80;
    if (lead < 0x80) {
        *c = lead;
        return 1;
    }
    int len = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || left < (size_t)len)
        return 0;
    uint32_t code = lead & (0x7Fu >> len);
    for (int i = 1; i < len; i++) {
        if ((data[at + i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (data[at + i] & 0x3F);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[len] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    *c = code;
    return len;
}

static bool is_word_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 'a' && c <= 'z');
}

static bool is_word(uint32_t c)
{
    if (c < 0x80)
        return is_word_byte((uint8_t)c);
    size_t low = 0, high = sizeof WORD_RANGES / sizeof *WORD_RANGES;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (WORD_RANGES[middle][1] < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof WORD_RANGES / sizeof *WORD_RANGES && WORD_RANGES[low][0] <= c;
}

/* What stands on one side of a place. `valid` is what \B and the half looks ask before they may hold: the text's
 * end or a character that decodes. */
typedef struct {
    bool word, valid;
} Side;

static Side side_after(const Hay *hay, size_t at)
{
    uint32_t c = 0;
    if (at >= hay->len)
        return (Side){false, true};
    int len = decode(hay->data, at, hay->len, &c);
    return (Side){len && is_word(c), len > 0};
}

static Side side_before(const Hay *hay, size_t at)
{
    if (at == 0)
        return (Side){false, true};
    uint32_t c = 0;
    size_t start = at - 1, limit = at > 4 ? at - 4 : 0;
    while (start > limit && (hay->data[start] & 0xC0) == 0x80)
        start--;
    int len = decode(hay->data, start, at, &c);
    /* As Rust has it, a character counts as what ends here even with stray continuation bytes after it. */
    return (Side){len && is_word(c), len > 0};
}

static uint32_t word_looks(Side before, Side after)
{
    bool b = before.word, a = after.word, valid = before.valid && after.valid;
    return (b != a ? BIT(LOOK_WORD) : 0) | (valid && b == a ? BIT(LOOK_NOT_WORD) : 0) |
           (!b && a ? BIT(LOOK_WORD_START) : 0) | (b && !a ? BIT(LOOK_WORD_END) : 0) |
           (before.valid && !b ? BIT(LOOK_WORD_START_HALF) : 0) | (after.valid && !a ? BIT(LOOK_WORD_END_HALF) : 0);
}

uint32_t looks_at(const Hay *hay, size_t at, uint32_t wanted)
{
    bool first = at == 0, last = at >= hay->len;
    uint8_t before = first ? 0 : hay->data[at - 1], after = last ? 0 : hay->data[at];
    uint32_t hold = 0;
    if (first)
        hold |= BIT(LOOK_START_TEXT);
    if (last)
        hold |= BIT(LOOK_END_TEXT);
    if (first || before == '\n')
        hold |= BIT(LOOK_START_LINE) | BIT(LOOK_START_CRLF);
    else if (before == '\r' && (last || after != '\n'))
        hold |= BIT(LOOK_START_CRLF);
    if (last || after == '\n')
        hold |= BIT(LOOK_END_LINE);
    if (last || after == '\r' || (after == '\n' && (first || before != '\r')))
        hold |= BIT(LOOK_END_CRLF);
    if (wanted & LOOKS_ASCII_WORD) {
        Side left = {!first && is_word_byte(before), true}, right = {!last && is_word_byte(after), true};
        hold |= word_looks(left, right) << (LOOK_ASCII_WORD - LOOK_WORD);
    }
    if (wanted & LOOKS_UNICODE)
        hold |= word_looks(side_before(hay, at), side_after(hay, at));
    return hold & wanted;
}

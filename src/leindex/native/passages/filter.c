/* Which runs of a text may hold one of a query's terms.
 *
 * A term is a stretch of a run without its underscores, in lower case and stemmed, and stemming changes nothing but
 * the end: all of a term, but for a final y that was "ies" or "ied", stands in the run as it is. So a run that has the
 * first few letters of no term holds none of them. All these beginnings are looked for at once, a bit for each of
 * their letters (the shift-and automaton of Baeza-Yates and Gonnet, "A new approach to text searching", 1992).
 */
#include "passages/passages.h"

#define BITS 64
#define LETTERS 4 /* of a term; more would rule out few further runs */

/* How many of a term's first bytes stand in each run that holds it; a term that begins with a letter outside of
 * ASCII, whose case is folded elsewhere, has none. */
static size_t certain(const uint8_t *term, size_t length, size_t most)
{
    size_t count = 0;
    if (length > 2 && term[length - 1] == 'y')
        length--;
    while (count < length && count < most && term[count] < 0x80)
        count++;
    return count;
}

static size_t bits_for(const uint8_t *const *terms, const size_t *lengths, size_t count, size_t most)
{
    size_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        size_t letters = certain(terms[i], lengths[i], most);
        bits += letters ? letters : 1;
    }
    return bits;
}

void filter_init(TermFilter *filter, const uint8_t *const *terms, const size_t *lengths, size_t count)
{
    size_t most = LETTERS, bit = 0;
    memset(filter, 0, sizeof *filter);
    for (int c = 0; c < 128; c++)
        filter->inside[c] = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    while (most > 1 && bits_for(terms, lengths, count, most) > BITS)
        most--;
    for (size_t i = 0; i < count; i++) {
        size_t letters = certain(terms[i], lengths[i], most);
        filter->first |= (uint64_t)1 << bit;
        for (size_t j = 0; j < letters; j++, bit++) {
            uint8_t letter = terms[i][j];
            filter->letters[letter] |= (uint64_t)1 << bit;
            if (letter >= 'a' && letter <= 'z')
                filter->letters[letter - 32] |= (uint64_t)1 << bit;
        }
        if (letters == 0) {
            for (size_t letter = 0x80; letter < 256; letter++)
                filter->letters[letter] |= (uint64_t)1 << bit;
            bit++;
        }
        filter->last |= (uint64_t)1 << (bit - 1);
    }
}

int filter_passes(const TermFilter *filter, const uint8_t *run, size_t length)
{
    uint64_t state = 0, found = 0;
    for (size_t i = 0; i < length; i++) {
        if (run[i] == '_')
            continue;
        state = (state << 1 | filter->first) & filter->letters[run[i]];
        found |= state;
    }
    return (found & filter->last) != 0;
}

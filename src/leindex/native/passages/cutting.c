/* Cutting a text into passages. What a passage is, ranked/passages.py says. */
#include "passages/passages.h"

#define COMMENT_LINES 60 /* most lines of a comment that belong to the definition under it */
#define LOOSE_LINES 40   /* most lines of a passage that belongs to no definition */

/* ---- Cutting --------------------------------------------------------------------------------------------------- */

void cut_free(Cut *cut)
{
    free(cut->lines.items);
    free(cut->pieces.items);
    free(cut->owners.items);
    free(cut->starts.items);
    free(cut->ends.items);
    free(cut->definitions.items);
    free(cut->open_ends.items);
    free(cut->open_passages.items);
}

/* An empty text counts as one empty line here. */
static int find_lines(Cut *cut)
{
    return cut->size ? push_line_starts(&cut->lines, cut->text, cut->size) : push(&cut->lines, 0);
}

/* The first character of a line that is no blank, and how many bytes the line has from there. */
static const uint8_t *line_text(const Cut *cut, uint32_t line, size_t *left)
{
    size_t start = cut->lines.items[line - 1];
    size_t end = line < cut->lines.count ? cut->lines.items[line] - 1 : cut->size;
    while (start < end && (cut->text[start] == ' ' || cut->text[start] == '\t' || cut->text[start] == '\r'))
        start++;
    *left = end - start;
    return cut->text + start;
}

static int is_blank(const Cut *cut, uint32_t line)
{
    size_t left;
    line_text(cut, line, &left);
    return left == 0 || (left == 1 && cut->text[cut->size - 1] == '\n' && line == cut->lines.count);
}

/* Comments, attributes and decorators of the languages of the field. */
static int is_comment(const Cut *cut, uint32_t line)
{
    static const char *const openings[] = {"//", "/*", "*", "#", "--", ";;", "@", "'''", "\"\"\"", "{-", "%%"};
    size_t left;
    const uint8_t *at = line_text(cut, line, &left);
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        size_t length = strlen(openings[i]);
        if (length <= left && memcmp(at, openings[i], length) == 0)
            return 1;
    }
    return 0;
}

static uint32_t with_comment(const Cut *cut, uint32_t start)
{
    uint32_t first = start;
    while (first > 1 && start - first < COMMENT_LINES && is_comment(cut, first - 1))
        first--;
    return first;
}

static int add_passage(Cut *cut, uint32_t start, uint32_t end, uint32_t definition)
{
    return push(&cut->starts, start) < 0 || push(&cut->ends, end) < 0 || push(&cut->definitions, definition) < 0;
}

static int add_piece(Cut *cut, uint32_t line, uint32_t owner)
{
    return push(&cut->pieces, line - 1) < 0 || push(&cut->owners, owner) < 0;
}

/* Lines up to `end` that belong to no definition, cut at the last blank line that keeps a passage short. */
static int cut_loose(Cut *cut, uint32_t end)
{
    while (cut->at <= end) {
        uint32_t last = end;
        if (end - cut->at >= LOOSE_LINES) {
            last = cut->at + LOOSE_LINES - 1;
            for (uint32_t line = last; line > cut->at + LOOSE_LINES / 2; line--)
                if (is_blank(cut, line)) {
                    last = line;
                    break;
                }
        }
        if (add_piece(cut, cut->at, (uint32_t)cut->starts.count) || add_passage(cut, cut->at, last, NO_DEFINITION))
            return -1;
        cut->at = last + 1;
    }
    return 0;
}

/* Lines up to `end` that belong to the innermost open definition. */
static int cut_until(Cut *cut, uint32_t end)
{
    if (end < cut->at || end == UINT32_MAX)
        return 0;
    if (cut->open_ends.count == 0)
        return cut_loose(cut, end);
    if (add_piece(cut, cut->at, cut->open_passages.items[cut->open_passages.count - 1]))
        return -1;
    cut->at = end + 1;
    return 0;
}

/* Ends the definitions that end before line `start`. */
static int close_before(Cut *cut, uint32_t start)
{
    while (cut->open_ends.count && cut->open_ends.items[cut->open_ends.count - 1] < start) {
        if (cut_until(cut, cut->open_ends.items[cut->open_ends.count - 1]))
            return -1;
        cut->open_ends.count--;
        cut->open_passages.count--;
    }
    return 0;
}

int cut_text(Cut *cut, const uint32_t *starts, const uint32_t *ends, size_t count)
{
    uint32_t last_start = 0;
    cut->at = 1;
    if (cut->size > UINT32_MAX - 1 || find_lines(cut) < 0)
        return -1;
    uint32_t lines = (uint32_t)cut->lines.count;
    for (size_t i = 0; i < count; i++) {
        uint32_t start = starts[i], end = ends[i] < lines ? ends[i] : lines;
        /* a definition of one line goes with what is around it, and of two with one start the outer one counts */
        if (start == 0 || end <= start || start == last_start)
            continue;
        last_start = start;
        if (close_before(cut, start))
            return -1;
        uint32_t first = with_comment(cut, start);
        first = first > cut->at ? first : cut->at;
        if (cut_until(cut, first - 1))
            return -1;
        size_t around = cut->open_ends.count;
        if (around && cut->open_ends.items[around - 1] < end)
            end = cut->open_ends.items[around - 1];
        if (push(&cut->open_ends, end) < 0 || push(&cut->open_passages, (uint32_t)cut->starts.count) < 0 ||
            add_passage(cut, first, end, (uint32_t)i))
            return -1;
    }
    if (close_before(cut, UINT32_MAX) || cut_until(cut, lines))
        return -1;
    return 0;
}

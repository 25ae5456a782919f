/* The lower half of the C scanner: words, comments, preprocessor lines, parentheses and braces.
 *
 * Conditional compilation is the hard part: both branches of an #if may open the same brace. At #else the depth goes
 * back to what it was at #if, and #endif keeps what the first branch made of it. A body that is unbalanced all the
 * same is read again and then ends at a brace in the first column, where practically all code has it.
 *
 * Time is linear in the text: when as much of it was read twice as there is of it, because brackets had no partner,
 * later partners are only looked for nearby.
 */
#include "cdefs/cdefs.h"

enum { MAX_IF = 200, GROUP_LIMIT = 256 };

int cd_is_word_start(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c >= 0x80;
}

int cd_is_word(unsigned char c)
{
    return cd_is_word_start(c) || (c >= '0' && c <= '9');
}

int32_t cd_add_def(Reader *r, Kind kind, Span name, uint32_t start, uint32_t end, int32_t owner)
{
    if (r->count == r->room) {
        uint32_t room = r->room ? r->room * 2 : 64;
        Def *grown = realloc(r->defs, room * sizeof *grown);
        if (!grown) {
            r->failed = 1;
            return -1;
        }
        r->defs = grown;
        r->room = room;
    }
    r->defs[r->count] = (Def){.start = start, .end = end, .name = name.start, .name_end = name.end, .owner = owner,
                              .kind = (uint8_t)kind};
    return (int32_t)r->count++;
}

Span cd_read_word(Reader *r)
{
    Span word = {r->at, r->at};
    while (r->at < r->end && cd_is_word((unsigned char)r->text[r->at]))
        r->at++;
    word.end = r->at;
    return word;
}

static void skip_line_comment(Reader *r)
{
    while (r->at < r->end) {
        const char *newline = memchr(r->text + r->at, '\n', r->end - r->at);
        if (!newline) {
            r->at = r->end;
            return;
        }
        r->at = (uint32_t)(newline - r->text);
        if (newline[-1] != '\\') /* `at` is behind `//`, so there is a character in front */
            return;
        r->at++;
    }
}

static void skip_block_comment(Reader *r)
{
    r->at += 2;
    while (r->at < r->end) {
        const char *star = memchr(r->text + r->at, '*', r->end - r->at);
        if (!star)
            break;
        r->at = (uint32_t)(star - r->text) + 1;
        if (r->at < r->end && r->text[r->at] == '/') {
            r->at++;
            return;
        }
    }
    r->at = r->end;
}

/* Past a comment when `at` is on one; 0 when it is not. */
static int skip_comment(Reader *r)
{
    if (r->at + 1 >= r->end || r->text[r->at] != '/')
        return 0;
    if (r->text[r->at + 1] == '*')
        skip_block_comment(r);
    else if (r->text[r->at + 1] == '/')
        skip_line_comment(r);
    else
        return 0;
    return 1;
}

void cd_skip_quoted(Reader *r)
{
    char quote = r->text[r->at++];
    while (r->at < r->end) {
        char c = r->text[r->at];
        if (c == '\n') /* never closed: it was no string */
            return;
        r->at++;
        if (c == quote)
            return;
        if (c == '\\' && r->at < r->end)
            r->at += r->text[r->at] == '\r' && r->at + 1 < r->end ? 2 : 1;
    }
}

/* To the newline that ends a preprocessor line (comments may hide newlines, a backslash joins lines). */
static void skip_directive_line(Reader *r)
{
    while (r->at < r->end) {
        char c = r->text[r->at];
        if (c == '\n')
            return;
        if (c == '\\') {
            r->at++;
            if (r->at < r->end && r->text[r->at] == '\r')
                r->at++;
            if (r->at < r->end)
                r->at++;
        } else if (c == '"') {
            cd_skip_quoted(r);
        } else if (!skip_comment(r)) {
            r->at++;
        }
    }
}

static void skip_spaces(Reader *r)
{
    while (r->at < r->end && (r->text[r->at] == ' ' || r->text[r->at] == '\t'))
        r->at++;
}

static int is(const Reader *r, Span word, const char *text)
{
    return word.end - word.start == strlen(text) && memcmp(r->text + word.start, text, word.end - word.start) == 0;
}

/* Past everything up to the #else, #elif or #endif that belongs to an `#if 0`, that line included. */
static Directive skip_disabled(Reader *r)
{
    int depth = 0;
    while (r->at < r->end) {
        const char *newline = memchr(r->text + r->at, '\n', r->end - r->at);
        if (!newline)
            break;
        r->at = (uint32_t)(newline - r->text) + 1;
        skip_spaces(r);
        if (r->at >= r->end || r->text[r->at] != '#')
            continue;
        r->at++;
        skip_spaces(r);
        Span word = cd_read_word(r);
        if (is(r, word, "if") || is(r, word, "ifdef") || is(r, word, "ifndef")) {
            depth++;
        } else if (is(r, word, "endif")) {
            if (depth-- == 0)
                return D_OTHER;
        } else if (depth == 0 && (is(r, word, "else") || is(r, word, "elif"))) {
            skip_directive_line(r);
            return D_IF; /* what follows stands alone, up to its #endif */
        }
    }
    r->at = r->end;
    return D_OTHER;
}

Directive cd_directive(Reader *r)
{
    uint32_t start = r->at++;
    skip_spaces(r);
    Span word = cd_read_word(r);
    Directive found = D_OTHER;
    if (is(r, word, "define")) {
        skip_spaces(r);
        Span name = cd_read_word(r);
        skip_directive_line(r);
        if (name.end > name.start)
            cd_add_def(r, K_MACRO, name, start, r->at, -1);
        return D_OTHER;
    }
    if (is(r, word, "if")) {
        skip_spaces(r);
        int disabled = r->at + 1 < r->end && r->text[r->at] == '0' && !cd_is_word((unsigned char)r->text[r->at + 1]);
        skip_directive_line(r);
        return disabled ? skip_disabled(r) : D_IF;
    }
    if (is(r, word, "ifdef") || is(r, word, "ifndef"))
        found = D_IF;
    else if (is(r, word, "else") || is(r, word, "elif"))
        found = D_ELSE;
    else if (is(r, word, "endif"))
        found = D_ENDIF;
    skip_directive_line(r);
    return found;
}

/* Whether nothing but blanks is between the start of the line and `at`. */
static int at_line_start(const Reader *r)
{
    uint32_t i = r->at;
    while (i > 0 && (r->text[i - 1] == ' ' || r->text[i - 1] == '\t'))
        i--;
    return i == 0 || r->text[i - 1] == '\n';
}

int cd_skip_blank(Reader *r)
{
    while (r->at < r->end) {
        char c = r->text[r->at];
        if (c == ' ' || (c >= '\t' && c <= '\r') || c == '\\')
            r->at++;
        else if (c == '#' && at_line_start(r))
            cd_directive(r);
        else if (c != '/' || !skip_comment(r))
            return 1;
    }
    return 0;
}

int cd_read_group(Reader *r, Token *token)
{
    uint32_t start = r->at++, count = r->count, depth = 1, comma = 0;
    uint32_t limit = r->wasted > r->end && r->end - start > GROUP_LIMIT ? start + GROUP_LIMIT : r->end;
    int braces = 0, star = 0, pieces = 0;
    *token = (Token){.kind = r->text[start] == '(' ? T_GROUP : T_INDEX, .start = start};
    while (cd_skip_blank(r) && r->at < limit) {
        unsigned char c = (unsigned char)r->text[r->at];
        if (cd_is_word_start(c)) {
            Span word = cd_read_word(r);
            if (depth != 1)
                continue;
            pieces += comma == 0;
            if (!token->first.end && comma == 0)
                token->first = word;
            if (comma == 1)
                token->second = word;
            if (star == 1)
                token->pointed = word;
            continue;
        }
        if (c == '"' || c == '\'') {
            cd_skip_quoted(r);
            pieces += 2;
            continue;
        }
        if (c == ';' && braces == 0)
            break; /* a statement's end is in no parentheses: this one was never closed */
        r->at++;
        if (c == '(' || c == '[' || c == '{') {
            if (depth == 1 && star == 1 && token->pointed.end) {
                token->pointed_call = c == '(';
                star = 2;
            }
            depth++;
            braces += c == '{';
        } else if (c == ')' || c == ']' || c == '}') {
            braces -= c == '}';
            if (--depth == 0) {
                token->end = r->at;
                token->first_alone = token->first.end && pieces == 1;
                return 1;
            }
        } else if (c == ',' && depth == 1) {
            comma++;
        } else if ((c == '*' || c == '^') && depth == 1 && comma == 0 && star == 0) {
            star = 1;
        }
        pieces += comma == 0 && depth == 1 && c != ',';
    }
    r->wasted += r->at - start;
    r->count = count;
    r->at = start + 1;
    return 0;
}

/* What one #if knows: the depth in front of it, and what its first branch made of it (-1: not known yet). */
typedef struct {
    int before, first;
} Branch;

/* Past a body; 0 when the text ends before it does. `by_column`: a brace in the first column closes all. */
static int skip_braces(Reader *r, int by_column)
{
    Branch branches[MAX_IF];
    int open = 0, depth = 0;
    while (r->at < r->end) {
        switch (r->text[r->at]) {
        case '{':
            depth++;
            r->at++;
            break;
        case '}':
            depth = by_column && r->text[r->at - 1] == '\n' ? 0 : depth - 1;
            r->at++;
            if (depth <= 0)
                return 1;
            break;
        case '"':
        case '\'':
            cd_skip_quoted(r);
            break;
        case '/':
            if (!skip_comment(r))
                r->at++;
            break;
        case '#':
            if (!at_line_start(r)) {
                r->at++;
                break;
            }
            switch (cd_directive(r)) {
            case D_IF:
                if (open < MAX_IF)
                    branches[open++] = (Branch){depth, -1};
                break;
            case D_ELSE:
                if (open && branches[open - 1].first < 0)
                    branches[open - 1].first = depth;
                depth = open ? branches[open - 1].before : 0;
                break;
            case D_ENDIF:
                if (open && branches[--open].first >= 0)
                    depth = branches[open].first;
                break;
            case D_OTHER:
                break;
            }
            break;
        default:
            r->at++;
        }
    }
    return 0;
}

void cd_skip_body(Reader *r)
{
    uint32_t start = r->at, count = r->count;
    if (r->braces_broken || !skip_braces(r, 0)) {
        r->braces_broken = 1;
        r->at = start;
        r->count = count;
        skip_braces(r, 1);
    }
}

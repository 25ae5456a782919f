/* c_references: what a file of C calls, includes, and puts into its tables, as places in the text.
 *
 * One pass over the text, without a grammar: comments, strings and preprocessor lines are skipped, braces are counted,
 * and a word with a parenthesis behind it inside of a body is called, unless it is a word of the language. The place of
 * a call begins with its receiver (`dev->ops->open`), or with the arrow where the receiver is no plain chain of names.
 * A bare name behind `=` in front of `,`, `;` or `}` is a value: what a table of function pointers holds.
 *
 * Every step moves on in the text, so the time is linear in it. */
#include "native.h"
#include "numbers.h"

#include <string.h>

enum { CALL = 0, IMPORT = 4, VALUE = 10 }; /* as in linkage.py */
enum { LONGEST_WORD = 200 };

typedef struct {
    const char *text;
    size_t at, end;
    Numbers starts, lengths, roles;
    int failed;
} Uses;

static int is_start(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c >= 0x80;
}

static int is_part(unsigned char c)
{
    return is_start(c) || (c >= '0' && c <= '9');
}

static void add(Uses *u, size_t start, size_t end, int role)
{
    if (push(&u->starts, (uint32_t)start) < 0 || push(&u->lengths, (uint32_t)(end - start)) < 0
        || push(&u->roles, (uint32_t)role) < 0)
        u->failed = 1;
}

static int is_keyword(const char *word, size_t length)
{
    static const char *const WORDS[] = {"if",     "for",    "while",   "switch",  "return",  "sizeof",        "do",
                                        "else",   "case",   "goto",    "typeof",  "defined", "_Alignof",      "alignof",
                                        "struct", "union",  "enum",    "typedef", "static",  "__attribute__", "asm",
                                        "__asm__", "__typeof__", "_Static_assert", "static_assert", "const", "void",
                                        "int", "char", "long", "unsigned", "volatile", "__volatile__", "inline", NULL};
    for (int i = 0; WORDS[i]; i++)
        if (strlen(WORDS[i]) == length && !memcmp(WORDS[i], word, length))
            return 1;
    return 0;
}

/* Past a string or a character; one that its line does not close ends there. */
static void skip_quoted(Uses *u)
{
    char quote = u->text[u->at++];
    while (u->at < u->end && u->text[u->at] != '\n') {
        char c = u->text[u->at++];
        if (c == quote)
            return;
        if (c == '\\' && u->at < u->end)
            u->at++;
    }
}

/* Past a comment at `at`; 0 when there is none. */
static int skip_comment(Uses *u)
{
    if (u->at + 1 >= u->end || u->text[u->at] != '/')
        return 0;
    if (u->text[u->at + 1] == '/') {
        const char *newline = memchr(u->text + u->at, '\n', u->end - u->at);
        u->at = newline ? (size_t)(newline - u->text) : u->end;
        return 1;
    }
    if (u->text[u->at + 1] != '*')
        return 0;
    u->at += 2;
    while (u->at < u->end) {
        const char *star = memchr(u->text + u->at, '*', u->end - u->at);
        if (!star) {
            u->at = u->end;
            break;
        }
        u->at = (size_t)(star - u->text) + 1;
        if (u->at < u->end && u->text[u->at] == '/') {
            u->at++;
            break;
        }
    }
    return 1;
}

static void skip_blank(Uses *u)
{
    while (u->at < u->end) {
        char c = u->text[u->at];
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v')
            u->at++;
        else if (!skip_comment(u))
            return;
    }
}

/* Past a preprocessor line, with what a backslash joins to it; an include is a place. `at` is on the `#`. */
static void directive(Uses *u)
{
    size_t start = u->at++;
    while (u->at < u->end && (u->text[u->at] == ' ' || u->text[u->at] == '\t'))
        u->at++;
    int include = u->end - u->at > 7 && !memcmp(u->text + u->at, "include", 7);
    while (u->at < u->end && u->text[u->at] != '\n') {
        if (u->text[u->at] == '\\' && u->at + 1 < u->end) {
            u->at += u->text[u->at + 1] == '\r' && u->at + 2 < u->end ? 3 : 2;
            continue;
        }
        if (u->text[u->at] == '/' && u->at + 1 < u->end && u->text[u->at + 1] == '*') {
            skip_comment(u);
            continue;
        }
        u->at++;
    }
    if (include)
        add(u, start, u->at, IMPORT);
}

/* Where a chain of names is: it begins at `start`, and `joined` says that an arrow or a dot awaits the next name. */
typedef struct {
    size_t start;
    int open, joined;
} Chain;

static void read_word(Uses *u, Chain *chain, int depth, int valued)
{
    size_t start = u->at;
    while (u->at < u->end && is_part((unsigned char)u->text[u->at]))
        u->at++;
    size_t end = u->at;
    int joined = chain->joined;
    if (!joined)
        chain->start = start;
    chain->open = 1;
    chain->joined = 0;
    if (end - start > LONGEST_WORD || is_keyword(u->text + start, end - start)) {
        chain->open = 0;
        return;
    }
    size_t behind = u->at;
    skip_blank(u);
    if (u->at >= u->end)
        return;
    char next = u->text[u->at];
    if (next == '(' && depth > 0)
        add(u, chain->start, end, CALL);
    else if (valued && !joined && (next == ',' || next == ';' || next == '}'))
        add(u, start, end, VALUE);
    if (next == '#') /* only at the beginning of a line is it a directive: let the loop see the line end */
        u->at = behind;
}

static void read_uses(Uses *u)
{
    Chain chain = {0, 0, 0};
    int depth = 0, valued = 0, fresh = 1; /* fresh: nothing but blanks on this line yet */
    while (u->at < u->end && !u->failed) {
        unsigned char c = (unsigned char)u->text[u->at];
        if (c == '\n') {
            fresh = 1;
            u->at++;
            continue;
        }
        if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
            u->at++;
            continue;
        }
        if (skip_comment(u))
            continue;
        if (c == '#' && fresh) {
            directive(u);
            continue;
        }
        fresh = 0;
        if (is_start(c)) {
            read_word(u, &chain, depth, valued);
            valued = 0;
            continue;
        }
        if (c >= '0' && c <= '9') {
            while (u->at < u->end && (is_part((unsigned char)u->text[u->at]) || u->text[u->at] == '.'))
                u->at++;
            chain.open = chain.joined = valued = 0;
            continue;
        }
        int arrow = c == '-' && u->at + 1 < u->end && u->text[u->at + 1] == '>';
        if (arrow || c == '.') {
            if (!chain.open)
                chain.start = u->at;
            chain.joined = 1;
            u->at += arrow ? 2 : 1;
            continue;
        }
        if (c == '"' || c == '\'') {
            skip_quoted(u);
        } else {
            if (c == '{')
                depth++;
            else if (c == '}')
                depth -= depth > 0;
            u->at++;
        }
        valued = c == '=' && (u->at >= u->end || u->text[u->at] != '=') ? 1 : c == '&' && valued;
        chain.open = chain.joined = 0;
    }
}

/* Three columns of 32-bit numbers in native order: how far each start is behind the one before, lengths, roles. */
static PyObject *c_references(PyObject *module, PyObject *argument)
{
    (void)module;
    char *text;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(argument, &text, &length) < 0)
        return NULL;
    if (length > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "more than 2 GiB");
        return NULL;
    }
    Uses u = {.text = text, .end = (size_t)length};
    Py_BEGIN_ALLOW_THREADS
    read_uses(&u);
    uint32_t before = 0;
    for (size_t i = 0; i < u.starts.count; i++) {
        uint32_t start = u.starts.items[i];
        u.starts.items[i] = start - before;
        before = start;
    }
    Py_END_ALLOW_THREADS
    char *none = "";
    size_t size = u.failed ? 0 : u.roles.count * sizeof(uint32_t);
    PyObject *result = u.failed ? PyErr_NoMemory()
                                : Py_BuildValue("y#y#y#", size ? (char *)u.starts.items : none,
                                                (Py_ssize_t)size, size ? (char *)u.lengths.items : none,
                                                (Py_ssize_t)size, size ? (char *)u.roles.items : none,
                                                (Py_ssize_t)size);
    free(u.starts.items);
    free(u.lengths.items);
    free(u.roles.items);
    return result;
}

static PyMethodDef methods[] = {{"c_references", c_references, METH_O, NULL}, {NULL, NULL, 0, NULL}};

int add_cuses(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}

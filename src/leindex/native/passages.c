/* Cutting a text into passages, and counting a query's terms in each. What a passage is, search/passages.py says. */
#include "words.h"

#define TERMS_MAX 64
#define COMMENT_LINES 60 /* most lines of a comment that belong to the definition under it */
#define LOOSE_LINES 40   /* most lines of a passage that belongs to no definition */
#define NO_DEFINITION UINT32_MAX

/* ---- Growing arrays -------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t *items;
    size_t count, capacity;
} Numbers;

static int push(Numbers *to, uint32_t item)
{
    if (to->count == to->capacity) {
        size_t capacity = to->capacity ? to->capacity * 2 : 64;
        uint32_t *items = realloc(to->items, capacity * sizeof(uint32_t));
        if (!items)
            return -1;
        to->items = items;
        to->capacity = capacity;
    }
    to->items[to->count++] = item;
    return 0;
}

/* ---- Cutting --------------------------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *text;
    size_t size;
    Numbers lines;                      /* where each line starts */
    Numbers pieces, owners;             /* first line of each piece, from 0; the passage it belongs to */
    Numbers starts, ends, definitions;  /* of the passages: lines from 1, both included */
    Numbers open_ends, open_passages;   /* the definitions around the place where the sweep is */
    uint32_t at;                        /* the first line, from 1, that belongs to no piece yet */
} Cut;

static void cut_free(Cut *cut)
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

static int find_lines(Cut *cut)
{
    size_t start = 0;
    do {
        if (push(&cut->lines, (uint32_t)start) < 0)
            return -1;
        const uint8_t *end = memchr(cut->text + start, '\n', cut->size - start);
        start = end ? (size_t)(end - cut->text) + 1 : cut->size;
    } while (start < cut->size);
    return 0;
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

/* Sweeps over the definitions, which are in order of their first line, the longer of two first. */
static int cut_text(Cut *cut, const uint32_t *starts, const uint32_t *ends, size_t count)
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

/* ---- Counting -------------------------------------------------------------------------------------------------- */

typedef struct {
    const uint32_t *terms;
    size_t count;
    uint64_t found; /* one bit a term */
} Wanted;

static void want_term(void *context, const uint8_t *term, size_t length, uint32_t hash, int role)
{
    Wanted *wanted = context;
    (void)term, (void)length, (void)role;
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->terms[i] == hash)
            wanted->found |= (uint64_t)1 << i;
}

/* Where counts go: pieces by their first line, each with the row it is added to (the piece itself without owners). */
typedef struct {
    const uint32_t *pieces, *owners;
    size_t count;
    uint16_t *counts; /* rows x terms */
    uint32_t *lengths;
} Rows;

static int count_terms(const uint8_t *text, size_t size, Wanted *wanted, Rows *rows)
{
    RunTable runs;
    Reader reader = {text, size, 0, 0};
    size_t start, run, piece = 0;
    int fresh;
    if (runs_init(&runs) < 0)
        return -1;
    while ((run = next_run(&reader, &start)) > 0) {
        RunEntry *entry = runs_entry(&runs, text + start, run, &fresh);
        if (!entry) {
            runs_free(&runs);
            return -1;
        }
        if (fresh) {
            wanted->found = 0;
            expand_run(entry->at, entry->length, want_term, wanted);
            entry->value = wanted->found;
        }
        while (piece + 1 < rows->count && rows->pieces[piece + 1] <= reader.line)
            piece++;
        size_t row = rows->owners ? rows->owners[piece] : piece;
        rows->lengths[row]++;
        for (uint64_t left = entry->value; left; left &= left - 1) {
            uint16_t *cell = &rows->counts[row * wanted->count + (size_t)__builtin_ctzll(left)];
            *cell += *cell < UINT16_MAX;
        }
    }
    runs_free(&runs);
    return 0;
}

/* ---- Python ---------------------------------------------------------------------------------------------------- */

static PyObject *scan(PyObject *self, PyObject *args)
{
    const char *text, *terms, *starts;
    Py_ssize_t size, terms_size, starts_size;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#y#y#:scan", &text, &size, &terms, &terms_size, &starts, &starts_size))
        return NULL;
    if (terms_size % 4 || terms_size > TERMS_MAX * 4 || starts_size % 4 || starts_size == 0) {
        PyErr_SetString(PyExc_ValueError, "scan: up to 64 terms, one part or more, 4 bytes each");
        return NULL;
    }
    size_t count = (size_t)terms_size / 4, parts = (size_t)starts_size / 4;
    PyObject *counts = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * parts * 2));
    PyObject *lengths = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(parts * 4));
    PyObject *result = NULL;
    if (counts && lengths) {
        Wanted wanted = {(const uint32_t *)(const void *)terms, count, 0};
        Rows rows = {(const uint32_t *)(const void *)starts, NULL, parts,
                     (uint16_t *)(void *)PyBytes_AsString(counts), (uint32_t *)(void *)PyBytes_AsString(lengths)};
        memset(rows.counts, 0, count * parts * 2);
        memset(rows.lengths, 0, parts * 4);
        int failed;
        Py_BEGIN_ALLOW_THREADS
        failed = count_terms((const uint8_t *)text, (size_t)size, &wanted, &rows);
        Py_END_ALLOW_THREADS
        result = failed ? PyErr_NoMemory() : PyTuple_Pack(2, counts, lengths);
    }
    Py_XDECREF(counts);
    Py_XDECREF(lengths);
    return result;
}

static int cut_and_count(Cut *cut, Wanted *wanted, Rows *rows, const uint32_t *starts, const uint32_t *ends,
                         size_t definitions)
{
    if (cut_text(cut, starts, ends, definitions) < 0)
        return -1;
    rows->pieces = cut->pieces.items;
    rows->owners = cut->owners.items;
    rows->count = cut->pieces.count;
    rows->counts = calloc(cut->starts.count * wanted->count + 1, sizeof(uint16_t));
    rows->lengths = calloc(cut->starts.count + 1, sizeof(uint32_t));
    if (!rows->counts || !rows->lengths)
        return -1;
    return count_terms(cut->text, cut->size, wanted, rows);
}

static PyObject *passages(PyObject *self, PyObject *args)
{
    const char *text, *terms, *starts, *ends;
    Py_ssize_t size, terms_size, starts_size, ends_size;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#y#y#y#:passages", &text, &size, &terms, &terms_size, &starts, &starts_size, &ends,
                          &ends_size))
        return NULL;
    if (terms_size % 4 || terms_size > TERMS_MAX * 4 || starts_size % 4 || starts_size != ends_size) {
        PyErr_SetString(PyExc_ValueError, "passages: up to 64 terms, as many starts as ends, 4 bytes each");
        return NULL;
    }
    Cut cut = {.text = (const uint8_t *)text, .size = (size_t)size};
    Wanted wanted = {(const uint32_t *)(const void *)terms, (size_t)terms_size / 4, 0};
    Rows rows = {0};
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = cut_and_count(&cut, &wanted, &rows, (const uint32_t *)(const void *)starts,
                           (const uint32_t *)(const void *)ends, (size_t)starts_size / 4);
    Py_END_ALLOW_THREADS
    PyObject *result = NULL;
    Py_ssize_t count = (Py_ssize_t)cut.starts.count;
    if (failed)
        PyErr_NoMemory();
    else
        result = Py_BuildValue("(y#y#y#y#y#)", (char *)cut.starts.items, count * 4, (char *)cut.ends.items, count * 4,
                               (char *)cut.definitions.items, count * 4, (char *)rows.counts,
                               count * (Py_ssize_t)wanted.count * 2, (char *)rows.lengths, count * 4);
    cut_free(&cut);
    free(rows.counts);
    free(rows.lengths);
    return result;
}

static PyMethodDef methods[] = {
    {"scan", scan, METH_VARARGS, "How often terms occur in each part of a text."},
    {"passages", passages, METH_VARARGS, "The passages of a text, and how often terms occur in each."},
    {NULL, NULL, 0, NULL},
};

int add_passages(PyObject *module) { return PyModule_AddFunctions(module, methods); }

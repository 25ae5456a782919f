/* Counting a query's terms in the passages of a text, and finding the passage that answers best. */
#include "passages/passages.h"

/* BM25 over a file's passages (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009). */
#define K1 1.2
#define B 0.6
#define USUAL_LENGTH 150.0 /* words in a usual passage */

/* ---- Counting -------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t hashes[TERMS_MAX];
    size_t count;
    TermFilter filter;
    uint64_t found; /* one bit a term */
} Wanted;

/* The terms to look for, separated by NUL. */
static int want(Wanted *wanted, const char *terms, Py_ssize_t size)
{
    const uint8_t *texts[TERMS_MAX];
    size_t lengths[TERMS_MAX];
    wanted->count = 0;
    for (const char *at = terms, *end = terms + size; at < end;) {
        const char *stop = memchr(at, 0, (size_t)(end - at));
        stop = stop ? stop : end;
        if (wanted->count == TERMS_MAX || stop == at) {
            PyErr_SetString(PyExc_ValueError, "up to 64 terms, none of them empty, separated by NUL");
            return -1;
        }
        texts[wanted->count] = (const uint8_t *)at;
        lengths[wanted->count] = (size_t)(stop - at);
        wanted->hashes[wanted->count++] = hash_term((const uint8_t *)at, (size_t)(stop - at));
        at = stop + 1;
    }
    filter_init(&wanted->filter, texts, lengths, wanted->count);
    return 0;
}

static void want_term(void *context, const uint8_t *term, size_t length, uint32_t hash, int role)
{
    Wanted *wanted = context;
    (void)term, (void)length, (void)role;
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->hashes[i] == hash)
            wanted->found |= (uint64_t)1 << i;
}

/* Where counts go: pieces by their first line, each with the row it is added to (the piece itself without owners). */
typedef struct {
    const uint32_t *pieces, *owners;
    size_t count;
    uint16_t *counts; /* rows x terms */
    uint32_t *lengths;
} Rows;

/* Counting under way: the distinct runs that may hold a term, and the row at hand. */
typedef struct {
    Wanted *wanted;
    RunTable runs;
    uint16_t *cells;
} Count;

static int count_run(Count *count, const uint8_t *at, size_t length)
{
    int fresh;
    RunEntry *entry = runs_entry(&count->runs, at, length, &fresh);
    if (!entry)
        return -1;
    if (fresh) {
        count->wanted->found = 0;
        expand_run(at, length, want_term, count->wanted);
        entry->value = count->wanted->found;
    }
    for (uint64_t left = entry->value; left; left &= left - 1) {
        uint16_t *cell = &count->cells[__builtin_ctzll(left)];
        *cell += *cell < UINT16_MAX;
    }
    return 0;
}

/* Counts in a piece of any text; adds its words to `words`. */
static int count_any(Count *count, const uint8_t *text, size_t size, uint32_t *words)
{
    Reader reader = {text, size, 0, 0};
    size_t start, run;
    for (; (run = next_run(&reader, &start)) > 0; ++*words)
        if (filter_passes(&count->wanted->filter, text + start, run) && count_run(count, text + start, run) < 0)
            return -1;
    return 0;
}

/* The same in ASCII: one pass that finds the runs and asks the filter, without a branch that depends on the text but
 * for those that pass. */
static int count_ascii(Count *count, const uint8_t *text, size_t size, uint32_t *words)
{
    const TermFilter *filter = &count->wanted->filter;
    const uint64_t first = filter->first, last = filter->last;
    uint64_t state = 0;
    size_t start = 0;
    uint32_t before = 0, found = 0;
    for (size_t i = 0; i < size; i++) {
        uint32_t inside = filter->inside[text[i]];
        uint64_t kept = state & -(uint64_t)(text[i] == '_');
        state = ((state << 1 | first) & filter->letters[text[i]]) | kept;
        found += (before & ~inside) & (i - start <= RUN_MAX);
        start = inside ? start : i + 1;
        before = inside;
        if (state & last & -(uint64_t)inside) { /* a term that was asked for may have bytes that are in no run */
            while (i + 1 < size && filter->inside[text[i + 1]])
                i++;
            if (i + 1 - start <= RUN_MAX && count_run(count, text + start, i + 1 - start) < 0)
                return -1;
            state = 0;
        }
    }
    *words += found + (before & (size - start <= RUN_MAX));
    return 0;
}

static int is_ascii(const uint8_t *text, size_t size)
{
    uint64_t all = 0, word;
    for (; size >= 8; text += 8, size -= 8) {
        memcpy(&word, text, 8);
        all |= word;
    }
    for (; size; size--)
        all |= *text++;
    return (all & 0x8080808080808080) == 0;
}

/* Where line `line` starts, given where the earlier line `*at` does. */
static size_t line_offset(const uint8_t *text, size_t size, size_t offset, uint32_t *at, uint32_t line)
{
    for (; *at < line && offset < size; ++*at) {
        const uint8_t *end = memchr(text + offset, '\n', size - offset);
        offset = end ? (size_t)(end - text) + 1 : size;
    }
    *at = line;
    return offset;
}

static int count_terms(const uint8_t *text, size_t size, Wanted *wanted, Rows *rows)
{
    Count count = {.wanted = wanted};
    uint32_t line = 0;
    int failed = runs_init(&count.runs) < 0;
    /* what stands before the first piece belongs to it */
    for (size_t piece = 0, offset = 0; piece < rows->count && !failed; piece++) {
        size_t end = piece + 1 < rows->count ? line_offset(text, size, offset, &line, rows->pieces[piece + 1]) : size;
        size_t row = rows->owners ? rows->owners[piece] : piece;
        count.cells = rows->counts + row * wanted->count;
        failed = (is_ascii(text + offset, end - offset) ? count_ascii : count_any)(&count, text + offset, end - offset,
                                                                                  &rows->lengths[row]) < 0;
        offset = end;
    }
    runs_free(&count.runs);
    return failed ? -1 : 0;
}

/* ---- Scoring --------------------------------------------------------------------------------------------------- */

/* What finding a query's words is worth. `groups` says of which word each term is, in order. */
typedef struct {
    const uint32_t *groups;
    const double *worths;   /* of each term */
    const double *rarities; /* of each word */
} Scoring;

static double score_of(const Scoring *scoring, const uint16_t *counts, size_t terms, uint32_t length)
{
    double damp = K1 * (1 - B + B * length / USUAL_LENGTH), score = 0;
    for (size_t i = 0; i < terms;) {
        uint32_t group = scoring->groups[i];
        double best = 0;
        for (; i < terms && scoring->groups[i] == group; i++) {
            double value = counts[i] ? scoring->worths[i] * counts[i] / (counts[i] + damp) : 0;
            best = value > best ? value : best;
        }
        score += scoring->rarities[group] * best;
    }
    return score;
}

/* Marks the passages that hold these lines: of those around a line the one that starts last. Passages are in order of
 * their first line. */
static void mark_innermost(const Cut *cut, const uint32_t *lines, size_t count, uint8_t *marks)
{
    for (size_t i = 0; i < count; i++) {
        size_t low = 0, high = cut->starts.count;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (cut->starts.items[middle] <= lines[i])
                low = middle + 1;
            else
                high = middle;
        }
        size_t at = low ? low - 1 : 0;
        while (at > 0 && cut->ends.items[at] < lines[i])
            at--;
        marks[at] = 1;
    }
}

typedef struct {
    size_t place;
    double score;
} Best;

static Best best_of(const Cut *cut, const Rows *rows, const Scoring *scoring, size_t terms, const uint8_t *marks)
{
    Best best = {0, 0.0};
    int best_marked = 0;
    for (size_t i = 0; i < cut->starts.count; i++) {
        double score = score_of(scoring, rows->counts + i * terms, terms, rows->lengths[i]);
        if (marks[i] > best_marked || (marks[i] == best_marked && score > best.score)) {
            best = (Best){i, score};
            best_marked = marks[i];
        }
    }
    return best;
}

/* ---- Definitions in order -------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t start, end, place;
} Definition;

static int by_start(const void *a, const void *b)
{
    const Definition *left = a, *right = b;
    if (left->start != right->start)
        return left->start < right->start ? -1 : 1;
    if (left->end != right->end)
        return left->end > right->end ? -1 : 1;
    return left->place < right->place ? -1 : left->place > right->place;
}

/* Cuts the text at definitions that come in any order; `places` becomes where each of the sorted ones was. */
static int cut_unsorted(Cut *cut, const uint32_t *starts, const uint32_t *ends, size_t count, uint32_t **places)
{
    Definition *sorted = malloc((count + 1) * sizeof *sorted);
    uint32_t *columns = malloc((count + 1) * 3 * sizeof *columns);
    int failed = !sorted || !columns;
    *places = columns;
    for (size_t i = 0; !failed && i < count; i++)
        sorted[i] = (Definition){starts[i], ends[i], (uint32_t)i};
    if (!failed) {
        qsort(sorted, count, sizeof *sorted, by_start);
        for (size_t i = 0; i < count; i++) {
            columns[i] = sorted[i].place;
            columns[count + i] = sorted[i].start;
            columns[2 * count + i] = sorted[i].end;
        }
        failed = cut_text(cut, columns + count, columns + 2 * count, count) < 0;
    }
    free(sorted);
    return failed ? -1 : 0;
}

/* ---- Python ---------------------------------------------------------------------------------------------------- */

static PyObject *scan(PyObject *self, PyObject *args)
{
    const char *text, *terms, *starts;
    Py_ssize_t size, terms_size, starts_size;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#y#y#:scan", &text, &size, &terms, &terms_size, &starts, &starts_size))
        return NULL;
    Wanted wanted;
    if (starts_size % 4 || starts_size == 0) {
        PyErr_SetString(PyExc_ValueError, "scan: one part or more, 4 bytes each; parts are given by their first line");
        return NULL;
    }
    if (want(&wanted, terms, terms_size) < 0)
        return NULL;
    size_t count = wanted.count, parts = (size_t)starts_size / 4;
    PyObject *counts = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * parts * 2));
    PyObject *lengths = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(parts * 4));
    PyObject *result = NULL;
    if (counts && lengths) {
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

/* What best_passage was given. */
typedef struct {
    Wanted wanted;
    Scoring scoring;
    const uint32_t *starts, *ends, *lines;
    size_t definitions, lines_count;
} Asked;

typedef struct {
    uint32_t first, last, definition;
    double score;
} Answer;

static int find_best(Cut *cut, Asked *asked, Answer *answer)
{
    uint32_t *places = NULL;
    uint8_t *marks = NULL;
    Rows rows = {0};
    int failed = cut_unsorted(cut, asked->starts, asked->ends, asked->definitions, &places) < 0;
    if (!failed) {
        rows.pieces = cut->pieces.items;
        rows.owners = cut->owners.items;
        rows.count = cut->pieces.count;
        rows.counts = calloc(cut->starts.count * asked->wanted.count + 1, sizeof(uint16_t));
        rows.lengths = calloc(cut->starts.count + 1, sizeof(uint32_t));
        marks = calloc(cut->starts.count + 1, 1);
        failed = !rows.counts || !rows.lengths || !marks || count_terms(cut->text, cut->size, &asked->wanted, &rows) < 0;
    }
    if (!failed) {
        mark_innermost(cut, asked->lines, asked->lines_count, marks);
        Best best = best_of(cut, &rows, &asked->scoring, asked->wanted.count, marks);
        uint32_t definition = cut->definitions.items[best.place];
        *answer = (Answer){cut->starts.items[best.place], cut->ends.items[best.place],
                           definition == NO_DEFINITION ? NO_DEFINITION : places[definition], best.score};
    }
    free(places);
    free(marks);
    free(rows.counts);
    free(rows.lengths);
    return failed ? -1 : 0;
}

static int is_sound(const Asked *asked, Py_ssize_t groups, Py_ssize_t worths, Py_ssize_t rarities)
{
    size_t count = asked->wanted.count;
    if ((size_t)groups != count * sizeof(uint32_t) || (size_t)worths != count * sizeof(double))
        return 0;
    for (size_t i = 0; i < count; i++)
        if (asked->scoring.groups[i] >= (size_t)rarities / sizeof(double))
            return 0;
    return 1;
}

static PyObject *best_passage(PyObject *self, PyObject *args)
{
    const char *text, *terms, *groups, *worths, *rarities, *starts, *ends, *lines;
    Py_ssize_t size, terms_size, groups_size, worths_size, rarities_size, starts_size, ends_size, lines_size;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#(y#y#y#)y#y#y#y#:best_passage", &text, &size, &terms, &terms_size, &groups,
                          &groups_size, &worths, &worths_size, &rarities, &rarities_size, &starts, &starts_size, &ends,
                          &ends_size, &lines, &lines_size))
        return NULL;
    Asked asked = {.scoring = {(const uint32_t *)(const void *)groups, (const double *)(const void *)worths,
                               (const double *)(const void *)rarities},
                   .starts = (const uint32_t *)(const void *)starts,
                   .ends = (const uint32_t *)(const void *)ends,
                   .lines = (const uint32_t *)(const void *)lines,
                   .definitions = (size_t)starts_size / 4,
                   .lines_count = (size_t)lines_size / 4};
    if (want(&asked.wanted, terms, terms_size) < 0)
        return NULL;
    if (starts_size % 4 || starts_size != ends_size || !is_sound(&asked, groups_size, worths_size, rarities_size)) {
        PyErr_SetString(PyExc_ValueError, "best_passage: as many groups and worths as terms, as many starts as ends");
        return NULL;
    }
    Cut cut = {.text = (const uint8_t *)text, .size = (size_t)size};
    Answer answer;
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = find_best(&cut, &asked, &answer);
    Py_END_ALLOW_THREADS
    cut_free(&cut);
    if (failed)
        return PyErr_NoMemory();
    Py_ssize_t definition = answer.definition == NO_DEFINITION ? -1 : (Py_ssize_t)answer.definition;
    return Py_BuildValue("(kknd)", (unsigned long)answer.first, (unsigned long)answer.last, definition, answer.score);
}

static PyMethodDef methods[] = {
    {"scan", scan, METH_VARARGS, "How often terms occur in each part of a text."},
    {"best_passage", best_passage, METH_VARARGS, "The passage of a text that answers a query best."},
    {NULL, NULL, 0, NULL},
};

int add_passages(PyObject *module) { return PyModule_AddFunctions(module, methods); }

/* Fuzzy file finding: which paths have the letters of a query in order, and how well they sit.
 *
 * A letter is worth more at the start of a word, right after the letter before, and in the file's name; gaps cost a
 * little. The best alignment is found by dynamic programming over (letters of the query) x (letters of the path), as
 * in the alignment of sequences (Smith and Waterman, 1981), for the paths that have the letters in order at all.
 */
#include "words/words.h"

#define QUERY_MAX 64
#define PATH_MAX_BYTES 1024 /* of a longer path the end counts */
#define MATCH 16
#define AT_NAME_START 20
#define AT_WORD_START 12
#define AT_HUMP 10
#define CONSECUTIVE 18
#define IN_NAME 6
#define SAME_CASE 1
#define GAP_OPEN 4
#define GAP_MORE 1
#define WHOLE_NAME 60
#define NONE (-1000000)

typedef struct {
    int32_t score;
    uint32_t recency, place;
} Found;

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

static int is_joint(uint8_t c) { return c == '/' || c == '_' || c == '-' || c == '.' || c == ' '; }

/* `low` is the path in lower case; memchr() makes this the cheap test that most paths fail. */
static int has_in_order(const uint8_t *query, size_t count, const uint8_t *low, size_t length)
{
    const uint8_t *end = low + length;
    for (size_t i = 0; i < count; i++) {
        low = memchr(low, lower(query[i]), (size_t)(end - low));
        if (!low)
            return 0;
        low++;
    }
    return 1;
}

static int has_words_in_order(const uint8_t *query, size_t size, const uint8_t *low, size_t length)
{
    for (size_t start = 0; start < size;) {
        const uint8_t *blank = memchr(query + start, ' ', size - start);
        size_t end = blank ? (size_t)(blank - query) : size;
        if (!has_in_order(query + start, end - start, low, length))
            return 0;
        start = end + 1;
    }
    return 1;
}

static void place_bonuses(const uint8_t *path, size_t length, size_t name, int32_t *bonuses)
{
    for (size_t j = 0; j < length; j++) {
        int32_t bonus = j >= name ? IN_NAME : 0;
        uint8_t before = j ? path[j - 1] : '/', here = path[j];
        if (j == name)
            bonus += AT_NAME_START;
        else if (is_joint(before))
            bonus += AT_WORD_START;
        else if (here >= 'A' && here <= 'Z' && !(before >= 'A' && before <= 'Z'))
            bonus += AT_HUMP;
        else if (here >= '0' && here <= '9' && !(before >= '0' && before <= '9'))
            bonus += AT_HUMP;
        bonuses[j] = bonus;
    }
}

/* Score of the best alignment of one word of the query; the word is known to be there in order. */
static int32_t align(const uint8_t *query, size_t count, const uint8_t *path, size_t length, size_t name)
{
    int32_t bonuses[PATH_MAX_BYTES], last[PATH_MAX_BYTES], here[PATH_MAX_BYTES], best = NONE;
    place_bonuses(path, length, name, bonuses);
    for (size_t i = 0; i < count; i++) {
        int32_t open = NONE; /* the best of the row before, with the gap up to here paid */
        for (size_t j = 0; j < length; j++) {
            int32_t score = NONE;
            if (lower(path[j]) == lower(query[i])) {
                int32_t value = MATCH + bonuses[j] + (path[j] == query[i] ? SAME_CASE : 0);
                if (i == 0)
                    score = value;
                else if (j > 0) {
                    int32_t next = last[j - 1] == NONE ? NONE : last[j - 1] + CONSECUTIVE;
                    int32_t from = next > open ? next : open;
                    score = from == NONE ? NONE : from + value;
                }
            }
            here[j] = score;
            if (i > 0 && j > 0) {
                int32_t opened = last[j - 1] == NONE ? NONE : last[j - 1] - GAP_OPEN;
                int32_t longer = open == NONE ? NONE : open - GAP_MORE;
                open = opened > longer ? opened : longer;
            }
            if (i + 1 == count && score > best)
                best = score;
        }
        memcpy(last, here, length * sizeof(int32_t));
    }
    return best;
}

/* All words of the query (between blanks) must be there; the sum of their scores, less a little for length. */
static int32_t score_path(const uint8_t *query, size_t query_size, const uint8_t *path, const uint8_t *low,
                          size_t length)
{
    if (!has_words_in_order(query, query_size, low, length))
        return NONE;
    if (length > PATH_MAX_BYTES) {
        path += length - PATH_MAX_BYTES;
        length = PATH_MAX_BYTES;
    }
    size_t name = length, stem = length;
    while (name > 0 && path[name - 1] != '/')
        name--;
    for (size_t i = name + 1; i < length; i++)
        if (path[i] == '.')
            stem = i;
    int32_t total = 0;
    for (size_t start = 0; start < query_size;) {
        size_t end = start;
        while (end < query_size && query[end] != ' ')
            end++;
        size_t count = end - start;
        if (count > 0) {
            int32_t score = align(query + start, count, path, length, name);
            total += score == NONE ? 0 : score; /* NONE: the letters begin before the end that counts */
            int whole = count == length - name || count == stem - name;
            for (size_t i = 0; whole && i < count; i++)
                whole = lower(path[name + i]) == lower(query[start + i]);
            total += whole ? WHOLE_NAME : 0;
        }
        start = end + 1;
    }
    return total - (int32_t)(length / 8);
}

static int found_below(const Found *a, const Found *b)
{
    if (a->score != b->score)
        return a->score < b->score;
    if (a->recency != b->recency)
        return a->recency < b->recency;
    return a->place > b->place;
}

static int found_order(const void *a, const void *b)
{
    return found_below(a, b) - found_below(b, a);
}

typedef struct {
    Found *best;
    size_t count, limit;
} Top;

/* Keeps a heap whose root is the worst of the best. */
static void top_add(Top *top, Found found)
{
    size_t i;
    if (top->count < top->limit) {
        i = top->count++;
        while (i > 0 && found_below(&found, &top->best[(i - 1) / 2])) {
            top->best[i] = top->best[(i - 1) / 2];
            i = (i - 1) / 2;
        }
    } else {
        if (!found_below(&top->best[0], &found))
            return;
        i = 0;
        for (;;) {
            size_t child = 2 * i + 1;
            if (child >= top->count)
                break;
            if (child + 1 < top->count && found_below(&top->best[child + 1], &top->best[child]))
                child++;
            if (!found_below(&top->best[child], &found))
                break;
            top->best[i] = top->best[child];
            i = child;
        }
    }
    top->best[i] = found;
}

static size_t find_paths(const uint8_t *query, size_t query_size, const uint8_t *blob, const uint8_t *low, size_t size,
                         const uint32_t *recency, size_t recency_count, Top *top)
{
    size_t start = 0, total = 0;
    for (uint32_t place = 0; start < size; place++) {
        const uint8_t *end = memchr(blob + start, 0, size - start);
        size_t stop = end ? (size_t)(end - blob) : size;
        int32_t score = score_path(query, query_size, blob + start, low + start, stop - start);
        if (score != NONE) {
            total++;
            top_add(top, (Found){score, place < recency_count ? recency[place] : 0, place});
        }
        start = stop + 1;
    }
    return total;
}

static PyObject *found_list(const Top *top)
{
    PyObject *result = PyList_New((Py_ssize_t)top->count);
    for (size_t i = 0; result && i < top->count; i++) {
        PyObject *pair = Py_BuildValue("(ki)", (unsigned long)top->best[i].place, (int)top->best[i].score);
        if (!pair || PyList_SetItem(result, (Py_ssize_t)i, pair) < 0)
            Py_CLEAR(result);
    }
    return result;
}

static PyObject *fuzzy_find(PyObject *self, PyObject *args)
{
    const char *query, *blob, *low, *recency;
    Py_ssize_t query_size, size, low_size, recency_size, limit;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#y#y#y#n:fuzzy", &query, &query_size, &blob, &size, &low, &low_size, &recency,
                          &recency_size, &limit))
        return NULL;
    if (limit < 1 || limit > 1000000 || query_size > QUERY_MAX || low_size != size || recency_size % 4) {
        PyErr_SetString(PyExc_ValueError, "fuzzy: a query of up to 64 bytes, paths twice, a limit from 1 to 1,000,000");
        return NULL;
    }
    Top top = {malloc((size_t)limit * sizeof(Found)), 0, (size_t)limit};
    if (!top.best)
        return PyErr_NoMemory();
    size_t total;
    Py_BEGIN_ALLOW_THREADS
    total = find_paths((const uint8_t *)query, (size_t)query_size, (const uint8_t *)blob,
                       (const uint8_t *)low, (size_t)size, (const uint32_t *)(const void *)recency, (size_t)recency_size / 4, &top);
    qsort(top.best, top.count, sizeof(Found), found_order);
    Py_END_ALLOW_THREADS
    PyObject *list = found_list(&top);
    free(top.best);
    if (!list)
        return NULL;
    return Py_BuildValue("(Nn)", list, (Py_ssize_t)total);
}

static PyMethodDef methods[] = {
    {"fuzzy", fuzzy_find, METH_VARARGS, "The paths that have the letters of a query in order, best first."},
    {NULL, NULL, 0, NULL},
};

int add_fuzzy(PyObject *module) { return PyModule_AddFunctions(module, methods); }

/* The terms of paths: an index small enough to be made in memory when a tree is opened.
 *
 * Paths belong to files, not to contents, so their terms are kept apart from those of the documents.
 */
#include "words/words.h"

enum { IN_FOLDER = 1, IN_NAME = 2, IS_NAME = 4, IS_FOLDER = 8 };

#define DEPTH_MAX 32 /* folders of a path whose terms the next path may take over */

/* A folder of the path before, and its keys. */
typedef struct {
    const uint8_t *at;
    size_t length, first, count;
} Folder;

typedef struct {
    Folder folders[DEPTH_MAX];
    uint64_t *keys; /* hash << 32 | number << 4 | flags */
    size_t count, capacity;
    uint32_t number; /* of the document at this path; 28 bits */
    size_t length; /* of the run at hand */
    uint32_t whole, part; /* flags for the two roles */
    int failed;
} PathTerms;

static void add_key(PathTerms *to, uint64_t key)
{
    if (to->count == to->capacity) {
        size_t capacity = to->capacity ? to->capacity * 2 : 4096;
        uint64_t *keys = realloc(to->keys, capacity * sizeof(uint64_t));
        if (!keys) {
            to->failed = 1;
            return;
        }
        to->keys = keys;
        to->capacity = capacity;
    }
    to->keys[to->count++] = key;
}

static void add_path_term(void *context, const uint8_t *term, size_t length, uint32_t hash, int role)
{
    PathTerms *to = context;
    (void)term, (void)length;
    add_key(to, (uint64_t)hash << 32 | to->number << 4 | (role == ROLE_WHOLE ? to->whole : to->part));
}

static void add_component(PathTerms *to, const uint8_t *at, size_t length, int is_name)
{
    uint8_t joined[RUN_MAX];
    Reader reader = {at, length, 0, 0};
    size_t start, run;
    /* "body-proxy" and "body.proxy" are one name, as body_proxy is; the words of it are parts */
    if (length <= RUN_MAX) {
        for (size_t i = 0; i < length; i++)
            joined[i] = at[i] == '-' || at[i] == '.' || at[i] == ' ' ? '_' : at[i];
        reader.text = joined;
    }
    while ((run = next_run(&reader, &start)) > 0 && !to->failed) {
        int entire = start == 0 && run == length;
        to->part = is_name ? IN_NAME : IN_FOLDER;
        to->whole = to->part | (entire ? (is_name ? IS_NAME : IS_FOLDER) : 0);
        expand_run(reader.text + start, run, add_path_term, to);
    }
}

/* A folder of a path. Neighbouring paths share most of theirs, which are then taken over. */
static void add_folder(PathTerms *to, size_t depth, const uint8_t *at, size_t length)
{
    Folder *known = depth < DEPTH_MAX ? &to->folders[depth] : NULL;
    size_t first = to->count;
    if (known && known->at && known->length == length && memcmp(known->at, at, length) == 0)
        for (size_t i = 0; i < known->count && !to->failed; i++) {
            uint64_t key = to->keys[known->first + i];
            add_key(to, (key & 0xFFFFFFFF0000000F) | (uint64_t)to->number << 4);
        }
    else
        add_component(to, at, length, 0);
    if (known)
        *known = (Folder){at, length, first, to->count - first};
}

/* Names that only say "what this folder is": the folder's name counts as theirs. */
static int stands_for_folder(const uint8_t *name, size_t length)
{
    static const char *const names[] = {"mod", "index", "__init__", "init", "main"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
            return 1;
    return 0;
}

static void add_path(PathTerms *to, const uint8_t *path, size_t length)
{
    size_t start = 0, folder = 0, folder_length = 0, end = length;
    const uint8_t *slash;
    for (size_t depth = 0; (slash = memchr(path + start, 0, length - start)); depth++) {
        folder = start;
        folder_length = (size_t)(slash - path) - start;
        add_folder(to, depth, path + folder, folder_length);
        start += folder_length + 1;
    }
    /* the extension says the language, and that is asked for otherwise */
    for (size_t dot = length; dot-- > start + 1;)
        if (path[dot] == '.') {
            end = dot;
            break;
        }
    add_component(to, path + start, end - start, 1);
    if (stands_for_folder(path + start, end - start))
        add_component(to, path + folder, folder_length, 1);
}

/* Sorts by term and joins the flags of a term that stands in one path twice. */
static int finish_paths(PathTerms *to)
{
    uint64_t *spare = malloc((to->count + 1) * sizeof(uint64_t));
    if (!spare)
        return -1;
    sort_by_upper_half(to->keys, spare, to->count);
    free(spare);
    size_t kept = 0;
    for (size_t i = 0; i < to->count; i++) {
        if (kept && to->keys[kept - 1] >> 4 == to->keys[i] >> 4)
            to->keys[kept - 1] |= to->keys[i] & 15;
        else
            to->keys[kept++] = to->keys[i];
    }
    to->count = kept;
    return 0;
}

typedef struct {
    uint32_t number, place;
    size_t start, length;
} Path;

static int by_number(const void *a, const void *b)
{
    const Path *left = a, *right = b;
    if (left->number != right->number)
        return left->number < right->number ? -1 : 1;
    return left->place < right->place ? -1 : left->place > right->place;
}

/* The paths in the order of their documents' numbers; mostly they are in it already. */
static size_t order_paths(Path *paths, const char *blob, size_t size, const uint32_t *numbers, size_t count)
{
    size_t start = 0, kept = 0;
    int ascending = 1;
    for (; kept < count && start <= size; kept++) {
        const char *end = memchr(blob + start, '/', size - start);
        size_t stop = end ? (size_t)(end - blob) : size;
        paths[kept] = (Path){numbers[kept] & 0x0FFFFFFF, (uint32_t)kept, start, stop - start};
        ascending = ascending && (kept == 0 || paths[kept - 1].number <= paths[kept].number);
        start = stop + 1;
    }
    if (!ascending)
        qsort(paths, kept, sizeof *paths, by_number);
    return kept;
}

static int read_paths(PathTerms *to, const char *blob, size_t size, const uint32_t *numbers, size_t count)
{
    Path *paths = malloc((count + 1) * sizeof *paths);
    if (!paths)
        return -1;
    count = order_paths(paths, blob, size, numbers, count);
    for (size_t i = 0; i < count && !to->failed; i++) {
        to->number = paths[i].number;
        add_path(to, (const uint8_t *)blob + paths[i].start, paths[i].length);
    }
    free(paths);
    return to->failed || finish_paths(to) < 0 ? -1 : 0;
}

static PyObject *path_arrays(const PathTerms *terms)
{
    PyObject *hashes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)terms->count * 4);
    PyObject *numbers = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)terms->count * 4);
    PyObject *flags = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)terms->count);
    PyObject *result = NULL;
    if (hashes && numbers && flags) {
        uint32_t *hash_out = (uint32_t *)(void *)PyBytes_AsString(hashes);
        uint32_t *number_out = (uint32_t *)(void *)PyBytes_AsString(numbers);
        uint8_t *flags_out = (uint8_t *)PyBytes_AsString(flags);
        for (size_t i = 0; i < terms->count; i++) {
            hash_out[i] = (uint32_t)(terms->keys[i] >> 32);
            number_out[i] = (uint32_t)terms->keys[i] >> 4;
            flags_out[i] = terms->keys[i] & 15;
        }
        result = PyTuple_Pack(3, hashes, numbers, flags);
    }
    Py_XDECREF(hashes);
    Py_XDECREF(numbers);
    Py_XDECREF(flags);
    return result;
}

static PyObject *paths_terms(PyObject *self, PyObject *args)
{
    const char *blob, *numbers;
    Py_ssize_t size, numbers_size;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#y#:path_terms", &blob, &size, &numbers, &numbers_size))
        return NULL;
    PathTerms terms = {0};
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = read_paths(&terms, blob, (size_t)size, (const uint32_t *)(const void *)numbers, (size_t)numbers_size / 4);
    Py_END_ALLOW_THREADS
    PyObject *result = failed ? PyErr_NoMemory() : path_arrays(&terms);
    free(terms.keys);
    return result;
}

static PyMethodDef methods[] = {
    {"path_terms", paths_terms, METH_VARARGS, "The terms of many paths, sorted."},
    {NULL, NULL, 0, NULL},
};

int add_paths(PyObject *module) { return PyModule_AddFunctions(module, methods); }

/* c_symbols, the Python side of the C scanner: offsets to lines, definitions to rows. */
#include "cdefs/cdefs.h"

static const char *const KIND_NAMES[K_COUNT] = {"function", "struct", "union",    "enum", "enumerator",
                                                "field",    "type",   "variable", "macro"};

/* Line numbers for offsets that mostly grow. */
typedef struct {
    uint32_t *starts;
    uint32_t count;
} Lines;

static int find_lines(const Reader *r, Lines *lines)
{
    uint32_t room = 1024;
    lines->count = 0;
    lines->starts = malloc(room * sizeof *lines->starts);
    if (!lines->starts)
        return 0;
    lines->starts[lines->count++] = 0;
    for (const char *at = r->text, *end = r->text + r->end; (at = memchr(at, '\n', (size_t)(end - at))) != NULL;) {
        at++;
        if (lines->count == room) {
            uint32_t *grown = realloc(lines->starts, (room *= 2) * sizeof *grown);
            if (!grown)
                return 0;
            lines->starts = grown;
        }
        lines->starts[lines->count++] = (uint32_t)(at - r->text);
    }
    return 1;
}

static uint32_t line_of(const Lines *lines, uint32_t offset)
{
    uint32_t low = 0, high = lines->count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (lines->starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The qualified name of a definition as an owner, kept in `names`; a new reference. */
static PyObject *owner_name(const Reader *r, int32_t index, PyObject **names)
{
    if (index < 0)
        return PyUnicode_FromStringAndSize("", 0);
    if (!names[index]) {
        const Def *def = &r->defs[index];
        Span own = def->name_end > def->name ? (Span){def->name, def->name_end} : (Span){def->alias, def->alias_end};
        PyObject *outer = owner_name(r, def->owner, names);
        if (!outer)
            return NULL;
        if (own.end == own.start) {
            names[index] = outer;
        } else {
            PyObject *text = PyUnicode_DecodeUTF8(r->text + own.start, own.end - own.start, "replace");
            if (text && PyUnicode_GetLength(outer) > 0)
                names[index] = PyUnicode_FromFormat("%U.%U", outer, text);
            else
                names[index] = Py_XNewRef(text);
            Py_XDECREF(text);
            Py_DECREF(outer);
        }
    }
    return Py_XNewRef(names[index]);
}

static PyObject *row(const Reader *r, const Def *def, const Lines *lines, PyObject **names, PyObject **kinds)
{
    uint32_t line = line_of(lines, def->name), first = line_of(lines, def->start);
    uint32_t last = line_of(lines, def->end > def->start ? def->end - 1 : def->start);
    int shown = def->kind == K_FUNCTION || (def->kind == K_VARIABLE && def->owner < 0);
    PyObject *container = owner_name(r, def->owner, names);
    if (!container)
        return NULL;
    return Py_BuildValue("(NONIIIIs)",
                         PyUnicode_DecodeUTF8(r->text + def->name, def->name_end - def->name, "replace"),
                         kinds[def->kind], container, first + 1, (last < line ? line : last) + 1, line + 1,
                         def->name - lines->starts[line], !shown ? "" : def->is_static ? "private" : "public");
}

static PyObject *rows(const Reader *r, const Lines *lines)
{
    PyObject *kinds[K_COUNT] = {NULL}, *list = PyList_New(0);
    PyObject **names = calloc(r->count ? r->count : 1, sizeof *names);
    int ok = list && names;
    for (int i = 0; ok && i < K_COUNT; i++)
        ok = (kinds[i] = PyUnicode_InternFromString(KIND_NAMES[i])) != NULL;
    for (uint32_t i = 0; ok && i < r->count; i++) {
        const Def *def = &r->defs[i];
        if (def->name_end == def->name || def->name_end - def->name > MAX_NAME)
            continue;
        PyObject *item = row(r, def, lines, names, kinds);
        ok = item && PyList_Append(list, item) == 0;
        Py_XDECREF(item);
    }
    for (uint32_t i = 0; names && i < r->count; i++)
        Py_XDECREF(names[i]);
    for (int i = 0; i < K_COUNT; i++)
        Py_XDECREF(kinds[i]);
    free(names);
    if (!ok) {
        Py_CLEAR(list);
        if (!PyErr_Occurred())
            PyErr_NoMemory();
    }
    return list;
}

static PyObject *c_symbols(PyObject *module, PyObject *argument)
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
    Reader r = {.text = text, .end = (uint32_t)length};
    Lines lines = {0};
    int ok;
    Py_BEGIN_ALLOW_THREADS
    cd_read_definitions(&r);
    ok = !r.failed && find_lines(&r, &lines);
    Py_END_ALLOW_THREADS
    PyObject *result = ok ? rows(&r, &lines) : PyErr_NoMemory();
    free(r.defs);
    free(lines.starts);
    return result;
}

static PyMethodDef methods[] = {{"c_symbols", c_symbols, METH_O, NULL}, {NULL, NULL, 0, NULL}};

int add_cdefs(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}

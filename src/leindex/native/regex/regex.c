/* leindex._native.Regex: the matcher as a Python type; its methods are described in _native.pyi.
 *
 * A Regex never changes once built, save for automata built on first need while the GIL is held. What a search
 * scribbles on is a Cache; idle ones wait in a list that is only touched with the GIL held, so any number of threads
 * search with one Regex at once, each with the GIL released.
 */
#include "native.h"
#include "regex/regex.h"

#define RELEASE_FROM 2048 /* bytes from which letting go of the GIL pays */

typedef struct {
    PyObject_HEAD
    PyObject *bytes;
    Program program;
    Nfa forward, backward, captures;
    bool has_backward, has_captures, has_literals;
    Literals literals;
    Windows windows;
    Engine engine;
    Cache *idle;
} Regex;

static int fail(Status status)
{
    if (status == NO_MEMORY)
        PyErr_NoMemory();
    else if (status == TOO_LARGE)
        PyErr_SetString(PyExc_OverflowError, "compiled regex exceeds size limit of 104857600 bytes");
    else
        PyErr_SetString(PyExc_ValueError, "this is not a compiled pattern");
    return -1;
}

static void regex_dealloc(PyObject *object)
{
    Regex *self = (Regex *)object;
    PyTypeObject *type = Py_TYPE(object);
    while (self->idle) {
        Cache *next = self->idle->next;
        cache_free(self->idle);
        self->idle = next;
    }
    nfa_free(&self->forward);
    nfa_free(&self->backward);
    nfa_free(&self->captures);
    literals_free(&self->literals);
    Py_XDECREF(self->bytes);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

static PyObject *regex_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *bytes;
    static char *names[] = {"", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "S:Regex", names, &bytes))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Regex *self = (Regex *)allocate(type, 0);
    if (!self)
        return NULL;
    self->bytes = Py_NewRef(bytes);
    char *data;
    Py_ssize_t size;
    PyBytes_AsStringAndSize(bytes, &data, &size);
    Status status = program_open(&self->program, data, (size_t)size);
    if (!status && self->program.nliterals) {
        self->has_literals = true;
        status = literals_build(&self->literals, &self->program);
    }
    if (!status)
        status = nfa_build(&self->forward, &self->program, false, false);
    int has_windows = 0;
    if (!status && !self->has_literals && self->program.flags & PROGRAM_LINE_SAFE)
        has_windows = windows_build(&self->windows, &self->forward);
    if (has_windows < 0)
        status = (Status)has_windows;
    if (status) {
        fail(status);
        Py_DECREF(self);
        return NULL;
    }
    self->engine = (Engine){&self->program, &self->forward, &self->backward, &self->captures,
                            self->has_literals ? &self->literals : NULL, has_windows ? &self->windows : NULL};
    return (PyObject *)self;
}

/* Build the automaton that finds starts (and the one that finds groups); called with the GIL held. */
static int need_automata(Regex *self, bool captures)
{
    if (!self->has_backward && !(self->program.flags & PROGRAM_EXACT)) {
        Status status = nfa_build(&self->backward, &self->program, true, false);
        if (status)
            return fail(status);
        self->has_backward = true;
    }
    if (captures && !self->has_captures) {
        Status status = nfa_build(&self->captures, &self->program, false, true);
        if (status)
            return fail(status);
        self->has_captures = true;
    }
    return 0;
}

/* One call's use of a Regex: a cache, the bytes, the GIL let go. */
typedef struct {
    Regex *self;
    Cache *cache;
    Py_buffer view;
    Hay hay;
    PyThreadState *state;
} Call;

static Cache *take_cache(Regex *self)
{
    Cache *cache = self->idle;
    if (cache)
        self->idle = cache->next;
    else if (!(cache = calloc(1, sizeof *cache)))
        PyErr_NoMemory();
    return cache;
}

static void give_cache(Regex *self, Cache *cache)
{
    cache->next = self->idle;
    self->idle = cache;
}

static int begin(Call *call, PyObject *self, PyObject *data, bool starts)
{
    call->self = (Regex *)self;
    if (starts && need_automata(call->self, false) < 0)
        return -1;
    if (PyObject_GetBuffer(data, &call->view, PyBUF_SIMPLE) < 0)
        return -1;
    if (!(call->cache = take_cache(call->self))) {
        PyBuffer_Release(&call->view);
        return -1;
    }
    call->hay = (Hay){call->view.buf, (size_t)call->view.len};
    call->state = call->hay.len >= RELEASE_FROM ? PyEval_SaveThread() : NULL;
    return 0;
}

/* Take the GIL back and let go of the rest; -1 with an exception where `result` is a Status. */
static int end(Call *call, int result)
{
    if (call->state)
        PyEval_RestoreThread(call->state);
    give_cache(call->self, call->cache);
    PyBuffer_Release(&call->view);
    return result < 0 ? fail((Status)result) : result;
}

static PyObject *number_pair(size_t one, size_t two)
{
    PyObject *pair = PyTuple_New(2), *first = PyLong_FromSize_t(one), *second = PyLong_FromSize_t(two);
    if (!pair || !first || !second) {
        Py_XDECREF(pair);
        Py_XDECREF(first);
        Py_XDECREF(second);
        return NULL;
    }
    PyTuple_SetItem(pair, 0, first);
    PyTuple_SetItem(pair, 1, second);
    return pair;
}

static int parse_range(PyObject *const *args, Py_ssize_t count, Py_ssize_t *start, Py_ssize_t *stop)
{
    if (count < 1 || count > 3) {
        PyErr_SetString(PyExc_TypeError, "expected data, and perhaps start and end");
        return -1;
    }
    *start = count > 1 ? PyLong_AsSsize_t(args[1]) : 0;
    *stop = count > 2 ? PyLong_AsSsize_t(args[2]) : -1;
    return PyErr_Occurred() ? -1 : 0;
}

/* Negative `stop` is the end; a range outside of the data finds nothing. */
static bool clip(const Call *call, Py_ssize_t start, Py_ssize_t *stop)
{
    Py_ssize_t len = (Py_ssize_t)call->hay.len;
    if (*stop < 0 || *stop > len)
        *stop = len;
    return start >= 0 && start <= *stop;
}

static PyObject *regex_is_match(PyObject *self, PyObject *data)
{
    Call call;
    if (begin(&call, self, data, false) < 0)
        return NULL;
    int result = end(&call, search_is_match(&call.self->engine, call.cache, &call.hay));
    return result < 0 ? NULL : PyBool_FromLong(result);
}

static PyObject *regex_find(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    Call call;
    Py_ssize_t start, stop;
    Span found = {0, 0};
    if (parse_range(args, count, &start, &stop) < 0 || begin(&call, self, args[0], true) < 0)
        return NULL;
    int result = 0;
    if (clip(&call, start, &stop))
        result = search_find(&call.self->engine, call.cache, &call.hay, (size_t)start, (size_t)stop, &found);
    result = end(&call, result);
    if (result <= 0)
        return result < 0 ? NULL : Py_NewRef(Py_None);
    return number_pair(found.start, found.end);
}

static PyObject *regex_find_all(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    Call call;
    Py_ssize_t start, stop, limit = count > 3 ? PyLong_AsSsize_t(args[3]) : -1;
    if ((limit == -1 && PyErr_Occurred()) || parse_range(args, count > 3 ? 3 : count, &start, &stop) < 0 ||
        begin(&call, self, args[0], true) < 0)
        return NULL;
    Vector spans = {.size = sizeof(Span)};
    int result = 0;
    if (clip(&call, start, &stop))
        result = search_all(&call.self->engine, call.cache, &call.hay, (size_t)start, (size_t)stop,
                            limit < 0 ? SIZE_MAX : (size_t)limit, &spans);
    PyObject *list = end(&call, result) < 0 ? NULL : PyList_New((Py_ssize_t)spans.count);
    for (size_t i = 0; list && i < spans.count; i++) {
        const Span *span = (Span *)spans.items + i;
        PyObject *pair = number_pair(span->start, span->end);
        if (!pair || PyList_SetItem(list, (Py_ssize_t)i, pair) < 0) {
            Py_DECREF(list);
            list = NULL;
        }
    }
    free(spans.items);
    return list;
}

static PyObject *group_spans(const size_t *slots, uint32_t groups)
{
    PyObject *list = PyList_New(groups);
    for (uint32_t i = 0; list && i < groups; i++) {
        bool set = slots[2 * i] != NOWHERE && slots[2 * i + 1] != NOWHERE;
        PyObject *item = set ? number_pair(slots[2 * i], slots[2 * i + 1]) : Py_NewRef(Py_None);
        if (!item || PyList_SetItem(list, i, item) < 0) {
            Py_DECREF(list);
            return NULL;
        }
    }
    return list;
}

static PyObject *regex_captures(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    Call call;
    Py_ssize_t start, stop;
    uint32_t nslots = ((Regex *)self)->program.slots;
    if (parse_range(args, count, &start, &stop) < 0 || need_automata((Regex *)self, true) < 0)
        return NULL;
    size_t *slots = malloc(nslots * sizeof *slots);
    if (!slots)
        return PyErr_NoMemory();
    if (begin(&call, self, args[0], true) < 0) {
        free(slots);
        return NULL;
    }
    int result = 0;
    Span found;
    Cache *cache = call.cache;
    if (clip(&call, start, &stop))
        result = search_find(&call.self->engine, cache, &call.hay, (size_t)start, (size_t)stop, &found);
    if (result == 1 && !cache->pike && !(cache->pike = pike_new(&call.self->captures, nslots)))
        result = NO_MEMORY;
    if (result == 1)
        result = pike_captures(cache->pike, &call.hay, found.start, found.end, slots);
    result = end(&call, result);
    PyObject *list = result < 0 ? NULL : result ? group_spans(slots, nslots / 2) : Py_NewRef(Py_None);
    free(slots);
    return list;
}

static PyObject *regex_matching_lines(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    Call call;
    if (count < 1 || count > 4) {
        PyErr_SetString(PyExc_TypeError, "expected data, and perhaps limit, invert and spans");
        return NULL;
    }
    Py_ssize_t limit = count > 1 ? PyLong_AsSsize_t(args[1]) : -1;
    int invert = count > 2 ? PyObject_IsTrue(args[2]) : 0, spans = count > 3 ? PyObject_IsTrue(args[3]) : 1;
    if (PyErr_Occurred() || begin(&call, self, args[0], spans && !invert) < 0)
        return NULL;
    Vector lines = {.size = sizeof(Line)};
    size_t found;
    int result = search_lines(&call.self->engine, call.cache, &call.hay, invert, spans && !invert,
                           limit < 0 ? SIZE_MAX : (size_t)limit, &lines, &found);
    PyObject *packed = NULL;
    if (end(&call, result) >= 0)
        packed = PyBytes_FromStringAndSize(lines.items, (Py_ssize_t)(lines.count * sizeof(Line)));
    free(lines.items);
    return packed;
}

static PyObject *regex_count_lines(PyObject *self, PyObject *data)
{
    Call call;
    size_t found;
    if (begin(&call, self, data, false) < 0)
        return NULL;
    int result = search_lines(&call.self->engine, call.cache, &call.hay, false, false, SIZE_MAX, NULL, &found);
    return end(&call, result) < 0 ? NULL : PyLong_FromSize_t(found);
}

static PyObject *regex_count_matches(PyObject *self, PyObject *data)
{
    Call call;
    size_t lines, matches;
    if (begin(&call, self, data, true) < 0)
        return NULL;
    int result = search_matches(&call.self->engine, call.cache, &call.hay, &lines, &matches);
    return end(&call, result) < 0 ? NULL : number_pair(lines, matches);
}

static PyObject *regex_blocks(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    Call call;
    Py_ssize_t start, limit, before = count == 5 ? PyLong_AsSsize_t(args[4]) : 0;
    long term = count == 5 && !PyErr_Occurred() ? PyLong_AsLong(args[3]) : 0;
    if (count != 5 || PyErr_Occurred() || parse_range(args, 3, &start, &limit) < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "expected data, where to start, how many matches, a line's end and a block's");
        return NULL;
    }
    if (begin(&call, self, args[0], true) < 0)
        return NULL;
    Vector blocks = {.size = sizeof(Block)};
    size_t at = start < 0 ? call.hay.len : (size_t)start, finds = 0;
    int result = search_blocks(&call.self->engine, call.cache, &call.hay, (uint8_t)term,
                               before < 0 ? 0 : (size_t)before, &at, limit < 0 ? SIZE_MAX : (size_t)limit, &blocks, &finds);
    PyObject *answer = NULL;
    if (end(&call, result) >= 0)
        answer = Py_BuildValue("(y#KK)", blocks.items ? blocks.items : "", (Py_ssize_t)(blocks.count * sizeof(Block)),
                               (unsigned long long)at, (unsigned long long)finds);
    free(blocks.items);
    return answer;
}

static PyObject *regex_count_block_matches(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    Call call;
    size_t blocks, matches;
    long term = count == 2 ? PyLong_AsLong(args[1]) : 0;
    if (count != 2 || PyErr_Occurred() || begin(&call, self, args[0], true) < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "expected data and the end of a line");
        return NULL;
    }
    int result = search_block_matches(&call.self->engine, call.cache, &call.hay, (uint8_t)term, &blocks, &matches);
    return end(&call, result) < 0 ? NULL : number_pair(blocks, matches);
}

static PyObject *regex_scan(PyObject *object, PyObject *texts)
{
    Regex *self = (Regex *)object;
    PyObject *list = PySequence_List(texts);
    Py_ssize_t count = list ? PyList_Size(list) : 0, held = 0;
    PyObject *told = list ? PyBytes_FromStringAndSize(NULL, count) : NULL;
    uint8_t *each = told ? (uint8_t *)PyBytes_AsString(told) : NULL;
    Py_buffer *views = calloc((size_t)count + 1, sizeof *views);
    if (told && !views)
        PyErr_NoMemory();
    bool ready = told && views;
    while (ready && held < count) {
        ready = PyObject_GetBuffer(PyList_GetItem(list, held), &views[held], PyBUF_SIMPLE) == 0;
        held += ready;
    }
    Cache *cache = ready ? take_cache(self) : NULL;
    if (cache) {
        int result = OK;
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t i = 0; i < count && result >= OK; i++) {
            result = search_content(&self->engine, cache, views[i].buf, (size_t)views[i].len);
            each[i] = (uint8_t)result;
        }
        Py_END_ALLOW_THREADS
        give_cache(self, cache);
        ready = result >= OK || fail((Status)result) == 0;
    }
    while (held)
        PyBuffer_Release(&views[--held]);
    free(views);
    Py_XDECREF(list);
    if (cache && ready)
        return told;
    Py_XDECREF(told);
    return NULL;
}

static PyObject *regex_strategy(PyObject *object, void *unused)
{
    (void)unused;
    const Regex *self = (Regex *)object;
    return PyUnicode_FromString(search_strategy(&self->engine));
}

#define FAST(name, function) {name, (PyCFunction)(void (*)(void))(function), METH_FASTCALL, NULL}

static PyMethodDef methods[] = {
    {"is_match", regex_is_match, METH_O, NULL},
    FAST("find", regex_find),
    FAST("find_all", regex_find_all),
    FAST("captures", regex_captures),
    FAST("matching_lines", regex_matching_lines),
    {"count_lines", regex_count_lines, METH_O, NULL},
    {"count_matches", regex_count_matches, METH_O, NULL},
    FAST("blocks", regex_blocks),
    FAST("count_block_matches", regex_count_block_matches),
    {"scan", regex_scan, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {{"strategy", regex_strategy, NULL, NULL, NULL}, {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot slots[] = {
    {Py_tp_new, regex_new},
    {Py_tp_dealloc, regex_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_getset, attributes},
    {0, NULL},
};

static PyType_Spec spec = {"leindex._native.Regex", sizeof(Regex), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};

int add_regex(PyObject *module)
{
    literal_choose_cpu();
    PyObject *type = PyType_FromSpec(&spec);
    if (!type)
        return -1;
    int result = PyModule_AddObjectRef(module, "Regex", type);
    Py_DECREF(type);
    return result;
}

/* Gram segments: from texts to sorted posting lists, and back to sets of documents.
 *
 * A *gram* is four bytes of folded text as a big-endian number, so that numbers sort like their bytes. Every position
 * of a line starts one gram; a gram that reaches the end of its line is filled up with newlines. Hence a literal of
 * one to three bytes is a range of grams, a longer one a conjunction, and none is ever missed. Its *key* is twice the
 * gram, plus one where one of its bytes was a capital: whoever asks for `TODO` need not look at every `todo`, and
 * whoever asks for either finds both side by side.
 *
 * A *segment* is the sorted distinct keys of some documents, each with its posting list of local document numbers,
 * cut into blocks that are stored one by one; the keys of one gram share a block:
 *
 *     u32 checksum of the rest | u32 documents in the segment | u32 entries | u32 first gram | entries
 *     entry: varint of twice the key delta, plus one if the count is 1; otherwise varint count; then
 *            count 1:     varint document
 *            otherwise:   varint length, `length` bytes of list
 *
 * A list is either a bitmap (when that is not longer) or Rice-coded gaps, with the parameter that the count and the
 * number of documents determine (Rice 1979; the rule is Golomb's mean-gap estimate rounded down to a power of two).
 * Segments of words use the same blocks with a hash as gram and key and a payload byte for each posting:
 *
 *     entry: varint key delta, varint count, then
 *            count 1:     varint document, payload byte
 *            otherwise:   varint length, `length` bytes of list, count payload bytes
 */
#include "segment.h"

typedef struct {
    PyObject_HEAD
    Builder builder;
    PyObject *lock_owner; /* NULL: free; used to refuse two threads in one builder */
} BuilderObject;

/* ---- Python ------------------------------------------------------------------------------------------------------- */

static PyObject *damaged(void)
{
    PyErr_SetString(PyExc_ValueError, "damaged block");
    return NULL;
}

PyDoc_STRVAR(postings_doc,
             "postings(block, low, high, capitals=3) -> bytes\n\nThe documents of all grams from low to high inclusive in "
             "this block, as a little-endian bitmap; empty when there are none. `capitals` is 1 for grams without any, 2 "
             "for grams with some, 3 for both. Raises ValueError for a damaged block.");

static PyObject *postings(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer view;
    unsigned long low, high;
    int capitals = WITHOUT_CAPITALS | WITH_CAPITALS;
    if (!PyArg_ParseTuple(args, "y*kk|i", &view, &low, &high, &capitals))
        return NULL;
    Cursor c;
    uint8_t *bitmap = NULL;
    uint32_t *list = NULL;
    size_t bytes = 0, room = 0;
    int failed = 0;
    Py_BEGIN_ALLOW_THREADS
    failed = cursor_open(&c, view.buf, (size_t)view.len, 0);
    if (!failed) {
        int state;
        while ((state = cursor_next(&c)) > 0 && c.gram <= high) {
            if (c.gram < low || !(c.capitals & capitals))
                continue;
            if (!bitmap) {
                bytes = (c.documents + 7) / 8;
                bitmap = calloc(bytes + 1, 1);
            }
            if (bitmap && c.count > 1 && c.length == bytes) {
                for (size_t i = 0; i < bytes; i++)
                    bitmap[i] |= c.list[i];
                continue;
            }
            if (c.count > room) {
                free(list);
                room = c.count * 2;
                list = malloc(room * sizeof *list);
            }
            if (!bitmap || !list) {
                failed = -2;
                break;
            }
            if (cursor_documents(&c, list) < 0) {
                state = -1;
                break;
            }
            for (uint32_t i = 0; i < c.count; i++)
                bitmap[list[i] >> 3] |= (uint8_t)(1 << (list[i] & 7));
        }
        if (state < 0)
            failed = -1;
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view);
    PyObject *result = NULL;
    if (failed == -2)
        PyErr_NoMemory();
    else if (failed)
        damaged();
    else
        result = PyBytes_FromStringAndSize((const char *)bitmap, (Py_ssize_t)bytes);
    free(bitmap);
    free(list);
    return result;
}

PyDoc_STRVAR(weighted_doc,
             "weighted_postings(block, key) -> tuple[bytes, bytes]\n\nThe posting list of one key with payloads: document "
             "numbers as native uint32, payloads as uint8. Raises ValueError for a damaged block.");

static PyObject *weighted_postings(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer view;
    unsigned long key;
    if (!PyArg_ParseTuple(args, "y*k", &view, &key))
        return NULL;
    Cursor c;
    PyObject *result = NULL;
    if (cursor_open(&c, view.buf, (size_t)view.len, 1) < 0)
        damaged();
    else {
        int state;
        while ((state = cursor_next(&c)) > 0 && c.gram < key)
            ;
        if (state < 0)
            damaged();
        else if (state == 0 || c.gram != key)
            result = Py_BuildValue("(y#y#)", "", (Py_ssize_t)0, "", (Py_ssize_t)0);
        else {
            uint32_t *list = malloc(c.count * sizeof *list);
            if (!list)
                PyErr_NoMemory();
            else if (cursor_documents(&c, list) < 0)
                damaged();
            else
                result = Py_BuildValue("(y#y#)", (const char *)list, (Py_ssize_t)(c.count * sizeof *list),
                                       (const char *)c.payload, (Py_ssize_t)c.count);
            free(list);
        }
    }
    PyBuffer_Release(&view);
    return result;
}

PyDoc_STRVAR(members_doc, "members(bitmap, base) -> list[int]\n\nThe positions of the set bits, base added, ascending.");

static PyObject *members(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer view;
    long long base;
    if (!PyArg_ParseTuple(args, "y*L", &view, &base))
        return NULL;
    PyObject *list = PyList_New(0);
    const uint8_t *p = view.buf;
    for (Py_ssize_t i = 0; list && i < view.len; i++)
        for (uint32_t byte = p[i]; list && byte; byte &= byte - 1) {
            PyObject *number = PyLong_FromLongLong(base + i * 8 + __builtin_ctz(byte));
            if (!number || PyList_Append(list, number) < 0) {
                Py_DECREF(list);
                list = NULL;
            }
            Py_XDECREF(number);
        }
    PyBuffer_Release(&view);
    return list;
}

PyDoc_STRVAR(select_run_doc,
             "select_run(numbers, start, low, high, bitmap) -> tuple[int, list[int]]\n\nnumbers (native uint32) are read "
             "from start while they are 0 or between low and high: where that ends, and the positions of those that are "
             "0 or whose bit, counted from low, is set; all of them if bitmap is None.");

static PyObject *select_run(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer view, bitmap = {0};
    Py_ssize_t start;
    long long low, high;
    PyObject *bits;
    if (!PyArg_ParseTuple(args, "y*nLLO", &view, &start, &low, &high, &bits))
        return NULL;
    if (bits != Py_None && PyObject_GetBuffer(bits, &bitmap, PyBUF_SIMPLE) < 0) {
        PyBuffer_Release(&view);
        return NULL;
    }
    const uint32_t *numbers = view.buf;
    const uint8_t *bytes = bitmap.buf;
    Py_ssize_t count = view.len / 4, i = start < 0 ? 0 : start;
    PyObject *list = PyList_New(0);
    for (; list && i < count; i++) {
        long long number = numbers[i], place = number - low;
        if (number && (place < 0 || number > high))
            break;
        if (number && bits != Py_None && (place / 8 >= bitmap.len || !(bytes[place >> 3] >> (place & 7) & 1)))
            continue;
        PyObject *position = PyLong_FromSsize_t(i);
        if (!position || PyList_Append(list, position) < 0) {
            Py_DECREF(list);
            list = NULL;
        }
        Py_XDECREF(position);
    }
    PyObject *result = list ? Py_BuildValue("(nN)", i, list) : NULL;
    if (bits != Py_None)
        PyBuffer_Release(&bitmap);
    PyBuffer_Release(&view);
    return result;
}

/* One thread at a time may be inside a builder: its calls run without the GIL. */
static int enter(BuilderObject *self)
{
    if (self->lock_owner) {
        PyErr_SetString(PyExc_RuntimeError, "this builder is in use by another thread");
        return -1;
    }
    self->lock_owner = Py_None;
    return 0;
}

static PyObject *builder_add(PyObject *object, PyObject *text)
{
    BuilderObject *self = (BuilderObject *)object;
    Py_buffer view;
    if (PyObject_GetBuffer(text, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    if (enter(self) < 0) {
        PyBuffer_Release(&view);
        return NULL;
    }
    long long grams;
    Py_BEGIN_ALLOW_THREADS
    grams = segment_add_text(&self->builder, view.buf, (size_t)view.len);
    Py_END_ALLOW_THREADS
    self->lock_owner = NULL;
    PyBuffer_Release(&view);
    return grams < 0 ? PyErr_NoMemory() : PyLong_FromLongLong(grams);
}

static PyObject *builder_add_keys(PyObject *object, PyObject *args)
{
    BuilderObject *self = (BuilderObject *)object;
    Py_buffer keys, payload;
    if (!PyArg_ParseTuple(args, "y*y*", &keys, &payload))
        return NULL;
    PyObject *result = NULL;
    Builder *b = &self->builder;
    size_t n = (size_t)keys.len / 4;
    if (!b->with_payload || (size_t)payload.len != n || keys.len % 4)
        PyErr_SetString(PyExc_ValueError, "keys are uint32 with one payload byte each, in a builder with payloads");
    else if (enter(self) == 0) {
        if (segment_reserve(b, n) < 0)
            PyErr_NoMemory();
        else {
            for (size_t i = 0; i < n; i++) {
                uint32_t key;
                memcpy(&key, (const char *)keys.buf + i * 4, 4);
                b->payload[b->used] = ((const uint8_t *)payload.buf)[i];
                b->pairs[b->used++] = (uint64_t)key << DOCUMENT_BITS | b->documents;
            }
            b->documents++;
            result = Py_NewRef(Py_None);
        }
        self->lock_owner = NULL;
    }
    PyBuffer_Release(&keys);
    PyBuffer_Release(&payload);
    return result;
}

static PyObject *builder_add_block(PyObject *object, PyObject *args)
{
    BuilderObject *self = (BuilderObject *)object;
    Py_buffer block, numbers;
    if (!PyArg_ParseTuple(args, "y*y*", &block, &numbers))
        return NULL;
    int state = -3;
    if (enter(self) == 0) {
        Py_BEGIN_ALLOW_THREADS
        Cursor c;
        state = cursor_open(&c, block.buf, (size_t)block.len, self->builder.with_payload);
        if (!state)
            state = segment_add_block(&self->builder, &c, numbers.buf, (size_t)numbers.len / 4);
        Py_END_ALLOW_THREADS
        self->lock_owner = NULL;
    }
    PyBuffer_Release(&block);
    PyBuffer_Release(&numbers);
    if (state == -3)
        return NULL;
    if (state == -2)
        return PyErr_NoMemory();
    return state ? damaged() : Py_NewRef(Py_None);
}

static PyObject *builder_set_documents(PyObject *object, PyObject *arg)
{
    unsigned long documents = PyLong_AsUnsignedLong(arg);
    if (documents == (unsigned long)-1 && PyErr_Occurred())
        return NULL;
    ((BuilderObject *)object)->builder.documents = (uint32_t)documents;
    return Py_NewRef(Py_None);
}

static PyObject *builder_finish(PyObject *object, PyObject *args)
{
    BuilderObject *self = (BuilderObject *)object;
    Py_ssize_t block_bytes = 16000;
    if (!PyArg_ParseTuple(args, "|n", &block_bytes) || enter(self) < 0)
        return NULL;
    Blocks out = {0};
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = segment_sort(&self->builder) < 0 || segment_encode(&self->builder, (size_t)block_bytes, &out) < 0;
    segment_reset(&self->builder);
    Py_END_ALLOW_THREADS
    self->lock_owner = NULL;
    PyObject *list = failed ? PyErr_NoMemory() : PyList_New(0);
    for (size_t i = 0; list && i < out.blocks; i++) {
        size_t end = i + 1 < out.blocks ? out.starts[i + 1] : out.bytes.used;
        PyObject *item = Py_BuildValue("(ky#)", (unsigned long)out.first[i], (const char *)out.bytes.data + out.starts[i],
                                       (Py_ssize_t)(end - out.starts[i]));
        if (!item || PyList_Append(list, item) < 0) {
            Py_DECREF(list);
            list = NULL;
        }
        Py_XDECREF(item);
    }
    free(out.bytes.data);
    free(out.starts);
    free(out.first);
    return list;
}

static PyObject *builder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"payload", NULL};
    int payload = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|p", names, &payload))
        return NULL;
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    BuilderObject *self = (BuilderObject *)alloc(type, 0); /* zeroed */
    if (self)
        self->builder.with_payload = payload;
    return (PyObject *)self;
}

static void builder_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    segment_reset(&((BuilderObject *)object)->builder);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

static PyObject *builder_get_documents(PyObject *object, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLong(((BuilderObject *)object)->builder.documents);
}

static PyObject *builder_get_postings(PyObject *object, void *closure)
{
    (void)closure;
    return PyLong_FromSize_t(((BuilderObject *)object)->builder.used);
}

static PyMethodDef builder_methods[] = {
    {"add", builder_add, METH_O, "add(text) -> int: adds the next document; returns its number of distinct grams."},
    {"add_keys", builder_add_keys, METH_VARARGS, "add_keys(keys, payloads): adds the next document from uint32 keys."},
    {"add_block", builder_add_block, METH_VARARGS,
     "segment_add_block(block, numbers): adds a block's postings; numbers (int32) maps documents, negative ones are dropped."},
    {"set_documents", builder_set_documents, METH_O, "set_documents(n): how many documents the segment spans."},
    {"finish", builder_finish, METH_VARARGS,
     "finish(block_bytes=16000) -> list[tuple[int, bytes]]: the blocks with their first keys; empties the builder."},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef builder_getset[] = {{"documents", builder_get_documents, NULL, "documents added so far", NULL},
                                       {"postings", builder_get_postings, NULL, "postings held", NULL},
                                       {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot builder_slots[] = {{Py_tp_new, builder_new},         {Py_tp_dealloc, builder_dealloc},
                                      {Py_tp_methods, builder_methods}, {Py_tp_getset, builder_getset},
                                      {Py_tp_doc, "Collects documents' grams and makes the blocks of a segment."},
                                      {0, NULL}};

static PyType_Spec builder_spec = {.name = "leindex._native.SegmentBuilder",
                                   .basicsize = sizeof(BuilderObject),
                                   .flags = Py_TPFLAGS_DEFAULT,
                                   .slots = builder_slots};

static PyMethodDef functions[] = {{"postings", postings, METH_VARARGS, postings_doc},
                                  {"weighted_postings", weighted_postings, METH_VARARGS, weighted_doc},
                                  {"select_run", select_run, METH_VARARGS, select_run_doc},
                                  {"members", members, METH_VARARGS, members_doc},
                                  {NULL, NULL, 0, NULL}};

int add_grams(PyObject *module)
{
    segment_init();
    PyObject *type = PyType_FromSpec(&builder_spec);
    if (!type || PyModule_AddObjectRef(module, "SegmentBuilder", type) < 0) {
        Py_XDECREF(type);
        return -1;
    }
    Py_DECREF(type);
    return PyModule_AddFunctions(module, functions);
}

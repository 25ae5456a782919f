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
#include "grams/segment.h"

typedef struct {
    PyObject_HEAD
    Builder builder;
    PyObject *lock_owner; /* NULL: free; used to refuse two threads in one builder */
} BuilderObject;

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
    if (self->builder.with_payload) {
        self->lock_owner = NULL;
        PyBuffer_Release(&view);
        return PyErr_Format(PyExc_ValueError, "texts have no payloads: this builder takes keys");
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
    return state ? segment_damaged() : Py_NewRef(Py_None);
}

static PyObject *builder_set_documents(PyObject *object, PyObject *arg)
{
    unsigned long documents = PyLong_AsUnsignedLong(arg);
    if (documents == (unsigned long)-1 && PyErr_Occurred())
        return NULL;
    if (documents > DOCUMENTS_MAX)
        return PyErr_Format(PyExc_ValueError, "a segment spans up to %lu documents", (unsigned long)DOCUMENTS_MAX);
    BuilderObject *self = (BuilderObject *)object;
    if (enter(self) < 0)
        return NULL;
    self->builder.documents = (uint32_t)documents;
    self->lock_owner = NULL;
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
    failed = segment_sort(&self->builder);
    if (!failed)
        failed = segment_encode(&self->builder, (size_t)block_bytes, &out);
    segment_reset(&self->builder);
    Py_END_ALLOW_THREADS
    self->lock_owner = NULL;
    PyObject *list = NULL;
    if (failed == -3)
        PyErr_SetString(PyExc_ValueError, "a document's number is beyond the documents that the segment spans");
    else
        list = failed ? PyErr_NoMemory() : PyList_New(0);
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

int add_grams(PyObject *module)
{
    segment_init();
    PyObject *type = PyType_FromSpec(&builder_spec);
    if (!type || PyModule_AddObjectRef(module, "SegmentBuilder", type) < 0) {
        Py_XDECREF(type);
        return -1;
    }
    Py_DECREF(type);
    return 0;
}

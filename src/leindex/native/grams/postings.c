/* What Python asks of the blocks of segments: the documents of grams and words, and members of runs of numbers. */
#include "grams/segment.h"

PyObject *segment_damaged(void)
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
                room = (size_t)c.count * 2;
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
        segment_damaged();
    else
        result = PyBytes_FromStringAndSize((const char *)bitmap, (Py_ssize_t)bytes);
    free(bitmap);
    free(list);
    return result;
}

PyDoc_STRVAR(weighted_doc,
             "weighted_postings(block, key, base) -> tuple[bytes, bytes]\n\nThe posting list of one key with payloads: "
             "document numbers, base added, as native uint32, payloads as uint8. Raises ValueError for a damaged block.");

static PyObject *weighted_postings(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer view;
    unsigned long key, base;
    if (!PyArg_ParseTuple(args, "y*kk", &view, &key, &base))
        return NULL;
    Cursor c;
    PyObject *result = NULL;
    if (cursor_open(&c, view.buf, (size_t)view.len, 1) < 0)
        segment_damaged();
    else {
        int state;
        while ((state = cursor_next(&c)) > 0 && c.gram < key)
            ;
        if (state < 0)
            segment_damaged();
        else if (state == 0 || c.gram != key)
            result = Py_BuildValue("(y#y#)", "", (Py_ssize_t)0, "", (Py_ssize_t)0);
        else {
            uint32_t *list = malloc(c.count * sizeof *list);
            if (!list)
                PyErr_NoMemory();
            else if (cursor_documents(&c, list) < 0)
                segment_damaged();
            else {
                for (uint32_t i = 0; i < c.count; i++)
                    list[i] += (uint32_t)base;
                result = Py_BuildValue("(y#y#)", (const char *)list, (Py_ssize_t)(c.count * sizeof *list),
                                       (const char *)c.payload, (Py_ssize_t)c.count);
            }
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
            PyObject *number = PyLong_FromLongLong((long long)((unsigned long long)base + (size_t)i * 8) + __builtin_ctz(byte));
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
    const uint8_t *numbers = view.buf, *bytes = bitmap.buf;
    Py_ssize_t count = view.len / 4, i = start < 0 ? 0 : start;
    PyObject *list = PyList_New(0);
    for (; list && i < count; i++) {
        uint32_t number;
        memcpy(&number, numbers + i * 4, 4); /* the buffer may begin anywhere */
        uint64_t place = number - (uint64_t)low;
        if (number && (number < low || number > high))
            break;
        if (number && bits != Py_None &&
            (place / 8 >= (uint64_t)bitmap.len || !(bytes[place >> 3] >> (place & 7) & 1)))
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

static PyMethodDef functions[] = {{"postings", postings, METH_VARARGS, postings_doc},
                                  {"weighted_postings", weighted_postings, METH_VARARGS, weighted_doc},
                                  {"select_run", select_run, METH_VARARGS, select_run_doc},
                                  {"members", members, METH_VARARGS, members_doc},
                                  {NULL, NULL, 0, NULL}};

int add_postings(PyObject *module) { return PyModule_AddFunctions(module, functions); }

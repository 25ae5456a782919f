/* The fields of a document as JSON text, for documents whose fields are plain: strings, numbers, booleans, None; and
 * the row of one that is short as well. Nearly all fields are plain, and for a small document setting up Python's
 * encoder takes longer than all other work on it. What is not plain is left to Python, and so is refusing it. */
#include "native.h"

#include <math.h>

typedef struct {
    char *at;
    size_t used, capacity;
    char first[512]; /* where most texts fit */
} Text;

static int put(Text *text, const char *data, size_t count)
{
    if (count > text->capacity - text->used) {
        if (count > SIZE_MAX / 2 - text->capacity) {
            PyErr_NoMemory();
            return -1;
        }
        size_t capacity = 2 * text->capacity + count;
        char *grown = text->at == text->first ? malloc(capacity) : realloc(text->at, capacity);
        if (!grown) {
            PyErr_NoMemory();
            return -1;
        }
        if (text->at == text->first)
            memcpy(grown, text->first, text->used);
        text->at = grown;
        text->capacity = capacity;
    }
    memcpy(text->at + text->used, data, count);
    text->used += count;
    return 0;
}

/* The two characters that stand for a control character, a quote or a backslash; otherwise \u00XX. */
static int put_escaped(Text *text, unsigned char byte)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    static const char digits[] = "0123456789abcdef";
    for (const char *name = named; *name; name += 2)
        if ((unsigned char)*name == byte)
            return put(text, (char[]){'\\', name[1]}, 2);
    return put(text, (char[]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]}, 6);
}

/* Raises UnicodeEncodeError where a string holds a lone surrogate. */
static int put_string(Text *text, PyObject *string)
{
    Py_ssize_t length;
    const char *data = PyUnicode_AsUTF8AndSize(string, &length);
    if (!data || put(text, "\"", 1) < 0)
        return -1;
    Py_ssize_t begin = 0;
    for (Py_ssize_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)data[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        if (put(text, data + begin, (size_t)(i - begin)) < 0 || put_escaped(text, byte) < 0)
            return -1;
        begin = i + 1;
    }
    return put(text, data + begin, (size_t)(length - begin)) < 0 ? -1 : put(text, "\"", 1);
}

static int put_number(Text *text, PyObject *number)
{
    PyObject *digits = PyObject_Repr(number);
    if (!digits)
        return -1;
    Py_ssize_t length;
    const char *data = PyUnicode_AsUTF8AndSize(digits, &length);
    int failed = data ? put(text, data, (size_t)length) : -1;
    Py_DECREF(digits);
    return failed;
}

/* 1 when done, 0 for a value that is not plain, -1 with an exception. */
static int put_value(Text *text, PyObject *value)
{
    if (PyUnicode_CheckExact(value))
        return put_string(text, value) < 0 ? -1 : 1;
    if (value == Py_None)
        return put(text, "null", 4) < 0 ? -1 : 1;
    if (value == Py_True)
        return put(text, "true", 4) < 0 ? -1 : 1;
    if (value == Py_False)
        return put(text, "false", 5) < 0 ? -1 : 1;
    if (PyLong_CheckExact(value) || (PyFloat_CheckExact(value) && isfinite(PyFloat_AsDouble(value))))
        return put_number(text, value) < 0 ? -1 : 1;
    return 0;
}

/* 1 when done, 0 for a field that is not plain, -1 with an exception. `content` is what the document has as its
 * content, borrowed, or NULL. */
static int put_fields(Text *text, PyObject *document, PyObject **content)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(document, &position, &key, &value)) {
        if (!PyUnicode_CheckExact(key))
            return 0;
        if (PyUnicode_CompareWithASCIIString(key, "content") == 0) {
            *content = value;
            continue;
        }
        if (put(text, text->used ? ", " : "{", text->used ? 2 : 1) < 0 || put_string(text, key) < 0 ||
            put(text, ": ", 2) < 0)
            return -1;
        int done = put_value(text, value);
        if (done <= 0)
            return done;
    }
    return text->used && put(text, "}", 1) < 0 ? -1 : 1;
}

static PyObject *plain_fields(PyObject *module, PyObject *document)
{
    (void)module;
    if (!PyDict_Check(document))
        return PyErr_Format(PyExc_TypeError, "a document is a dict");
    PyObject *result = NULL, *content = NULL;
    Text text = {.used = 0, .capacity = sizeof text.first};
    text.at = text.first;
    int done = put_fields(&text, document, &content);
    if (done > 0)
        result = PyUnicode_DecodeUTF8(text.at, (Py_ssize_t)text.used, "strict");
    else if (done == 0)
        result = Py_NewRef(Py_None);
    if (text.at != text.first)
        free(text.at);
    return result;
}

/* The content of fewer than `below` bytes as bytes; NULL, perhaps with an exception, for any other. */
static PyObject *short_content(PyObject *content, Py_ssize_t below)
{
    if (PyBytes_CheckExact(content))
        return PyBytes_Size(content) < below ? Py_NewRef(content) : NULL;
    if (!PyUnicode_CheckExact(content) || PyUnicode_GetLength(content) >= below)
        return NULL;
    Py_ssize_t length;
    const char *data = PyUnicode_AsUTF8AndSize(content, &length);
    return data && length < below ? PyBytes_FromStringAndSize(data, length) : NULL;
}

/* NULL, perhaps with an exception, for a document that is not short and plain. */
static PyObject *row_of(Text *text, PyObject *id, PyObject *document, Py_ssize_t below)
{
    PyObject *content = NULL, *row = NULL;
    if (!PyUnicode_CheckExact(id) || !PyDict_CheckExact(document) || PyUnicode_GetLength(id) == 0 ||
        !PyUnicode_AsUTF8AndSize(id, NULL) || put_fields(text, document, &content) <= 0 || !content)
        return NULL;
    PyObject *value = short_content(content, below);
    if (!value)
        return NULL;
    PyObject *kind = PyUnicode_InternFromString(value == content ? "bytes" : "text");
    PyObject *size = PyLong_FromSsize_t(PyBytes_Size(value));
    PyObject *fields =
        text->used ? PyUnicode_DecodeUTF8(text->at, (Py_ssize_t)text->used, "strict") : Py_NewRef(Py_None);
    if (kind && size && fields)
        row = PyTuple_Pack(5, id, kind, size, fields, value);
    Py_XDECREF(kind);
    Py_XDECREF(size);
    Py_XDECREF(fields);
    Py_DECREF(value);
    return row;
}

static PyObject *plain_row(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    Py_ssize_t below = count == 3 ? PyLong_AsSsize_t(arguments[2]) : 0;
    if (count != 3 || (below == -1 && PyErr_Occurred()))
        return count == 3 ? NULL : PyErr_Format(PyExc_TypeError, "plain_row takes three arguments");
    Text text = {.used = 0, .capacity = sizeof text.first};
    text.at = text.first;
    PyObject *row = row_of(&text, arguments[0], arguments[1], below);
    if (text.at != text.first)
        free(text.at);
    if (row)
        return row;
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_ValueError))
        return NULL;
    PyErr_Clear(); /* not encodable: who looks closer says what and where */
    return Py_NewRef(Py_None);
}

static PyMethodDef methods[] = {
    {"plain_fields", plain_fields, METH_O, "The fields of a document but its content as JSON text, if they are plain."},
    {"plain_row", (PyCFunction)(void (*)(void))plain_row, METH_FASTCALL, "The row of a short and plain document."},
    {NULL, NULL, 0, NULL},
};

int add_fields(PyObject *module) { return PyModule_AddFunctions(module, methods); }

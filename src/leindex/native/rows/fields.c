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

/* The bytes of a content of fewer than `below`, which belong to it; NULL, perhaps with an exception, for any other. */
static const char *short_content(PyObject *content, Py_ssize_t below, Py_ssize_t *length)
{
    const char *data = NULL;
    if (PyBytes_CheckExact(content)) {
        data = PyBytes_AsString(content);
        *length = PyBytes_Size(content);
    } else if (PyUnicode_CheckExact(content) && PyUnicode_GetLength(content) < below) {
        data = PyUnicode_AsUTF8AndSize(content, length);
    }
    return data && *length < below ? data : NULL;
}

/* CRC-32 as zlib computes it, eight bytes a step (Kounavis and Berry 2005, "slicing by 8"). */
static uint32_t crc_tables[8][256];

static void make_crc_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
        crc_tables[0][byte] = crc;
    }
    for (int step = 1; step < 8; step++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t crc = crc_tables[step - 1][byte];
            crc_tables[step][byte] = crc >> 8 ^ crc_tables[0][crc & 255];
        }
}

static uint32_t crc32_of(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffffu;
    for (; n >= 8; p += 8, n -= 8) {
        uint32_t low = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
        crc = crc_tables[7][low & 255] ^ crc_tables[6][low >> 8 & 255] ^ crc_tables[5][low >> 16 & 255] ^
              crc_tables[4][low >> 24] ^ crc_tables[3][p[4]] ^ crc_tables[2][p[5]] ^ crc_tables[1][p[6]] ^
              crc_tables[0][p[7]];
    }
    while (n--)
        crc = crc >> 8 ^ crc_tables[0][(crc ^ *p++) & 255];
    return ~crc;
}

/* The content and its checksum, least byte first. */
static PyObject *checked(const char *content, Py_ssize_t length)
{
    PyObject *value = PyBytes_FromStringAndSize(NULL, length + 4);
    if (!value)
        return NULL;
    uint8_t *to = (uint8_t *)PyBytes_AsString(value);
    memcpy(to, content, (size_t)length);
    uint32_t crc = crc32_of(to, (size_t)length);
    for (int i = 0; i < 4; i++)
        to[length + i] = (uint8_t)(crc >> 8 * i);
    return value;
}

/* How a content of either type is stored, see row_of; made once, since looking for an interned string takes as long as
 * the rest of a row's strings. */
static PyObject *checked_text, *checked_bytes;

/* The row; NULL, perhaps with an exception, for a document that is not short and plain. */
static PyObject *row_of(Text *text, PyObject *id, PyObject *document, Py_ssize_t below)
{
    PyObject *content = NULL;
    if (!PyUnicode_CheckExact(id) || !PyDict_CheckExact(document) || PyUnicode_GetLength(id) == 0 ||
        !PyUnicode_AsUTF8AndSize(id, NULL) || put_fields(text, document, &content) <= 0 || !content)
        return NULL;
    Py_ssize_t length;
    const char *data = short_content(content, below, &length);
    if (!data)
        return NULL;
    PyObject *kind = PyBytes_CheckExact(content) ? checked_bytes : checked_text; /* borrowed */
    PyObject *size = PyLong_FromSsize_t(length), *value = checked(data, length);
    PyObject *fields =
        text->used ? PyUnicode_DecodeUTF8(text->at, (Py_ssize_t)text->used, "strict") : Py_NewRef(Py_None);
    PyObject *row = size && fields && value ? PyTuple_Pack(5, id, kind, size, fields, value) : NULL;
    Py_XDECREF(size);
    Py_XDECREF(fields);
    Py_XDECREF(value);
    return row;
}

/* As row_of, with a text of its own and no exception but MemoryError: None for what asks for a closer look. */
static PyObject *row_or_none(PyObject *id, PyObject *document, Py_ssize_t below)
{
    Text text = {.used = 0, .capacity = sizeof text.first};
    text.at = text.first;
    PyObject *row = row_of(&text, id, document, below);
    if (text.at != text.first)
        free(text.at);
    if (row)
        return row;
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_ValueError))
        return NULL;
    PyErr_Clear(); /* not encodable: who looks closer says what and where */
    return Py_NewRef(Py_None);
}

/* The rows of all documents as a list; None where one asks for a closer look or an id comes twice. */
static PyObject *rows_or_none(PyObject *documents, Py_ssize_t below)
{
    Py_ssize_t count = PyList_Size(documents), done = 0;
    PyObject *rows = PyList_New(count), *ids = PySet_New(NULL);
    for (; rows && ids && done < count; done++) {
        PyObject *item = PyList_GetItem(documents, done); /* borrowed */
        if (!item || !PyTuple_CheckExact(item) || PyTuple_Size(item) != 2)
            break;
        PyObject *id = PyTuple_GetItem(item, 0);
        PyObject *row = row_or_none(id, PyTuple_GetItem(item, 1), below);
        if (!row || row == Py_None || PySet_Add(ids, id) < 0) {
            Py_XDECREF(row);
            break;
        }
        PyList_SetItem(rows, done, row);
    }
    int all = rows && ids && done == count && PySet_Size(ids) == count;
    Py_XDECREF(ids);
    if (all)
        return rows;
    Py_XDECREF(rows);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *plain_rows(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    Py_ssize_t below = count == 2 ? PyLong_AsSsize_t(arguments[1]) : 0;
    if (count != 2 || !PyList_Check(arguments[0]))
        return PyErr_Format(PyExc_TypeError, "plain_rows takes a list and a number");
    if (below == -1 && PyErr_Occurred())
        return NULL;
    return rows_or_none(arguments[0], below);
}

static PyObject *plain_row(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    (void)module;
    Py_ssize_t below = count == 3 ? PyLong_AsSsize_t(arguments[2]) : 0;
    if (count != 3 || (below == -1 && PyErr_Occurred()))
        return count == 3 ? NULL : PyErr_Format(PyExc_TypeError, "plain_row takes three arguments");
    return row_or_none(arguments[0], arguments[1], below);
}

static PyMethodDef methods[] = {
    {"plain_fields", plain_fields, METH_O, "The fields of a document but its content as JSON text, if they are plain."},
    {"plain_row", (PyCFunction)(void (*)(void))plain_row, METH_FASTCALL, "The row of a short and plain document."},
    {"plain_rows", (PyCFunction)(void (*)(void))plain_rows, METH_FASTCALL, "The same for a list of documents."},
    {NULL, NULL, 0, NULL},
};

int add_fields(PyObject *module)
{
    make_crc_tables();
    checked_text = PyUnicode_InternFromString("text+crc32");
    checked_bytes = PyUnicode_InternFromString("bytes+crc32");
    if (!checked_text || !checked_bytes)
        return -1;
    return PyModule_AddFunctions(module, methods);
}

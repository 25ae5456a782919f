/* Columns of stored definitions and of a text's lines, so that Python makes objects only of those it shows.
 *
 * Definitions are stored as JSON (indexing/enrich.py): [["name", "kind", "container", start, end, line, column,
 * "visibility"], ...]. This reads where each row is and its lines, and passes over the rest.
 */
#include "numbers.h"

#define FIELDS 8
#define FIRST_NUMBER 3 /* of start, end and line */

static PyObject *bytes_of(const Numbers *column)
{
    return PyBytes_FromStringAndSize((const char *)column->items, (Py_ssize_t)(column->count * sizeof(uint32_t)));
}

/* ---- Definitions ----------------------------------------------------------------------------------------------- */

typedef struct {
    const char *at, *end;
} Json;

static int next(Json *json, char wanted)
{
    while (json->at < json->end && (*json->at == ' ' || *json->at == '\n'))
        json->at++;
    if (json->at == json->end || *json->at != wanted)
        return 0;
    json->at++;
    return 1;
}

/* Passes over a string whose opening quote is behind. */
static int pass_string(Json *json)
{
    for (; json->at < json->end; json->at++) {
        if (*json->at == '\\' && json->at + 1 < json->end)
            json->at++;
        else if (*json->at == '"')
            return json->at++, 1;
    }
    return 0;
}

static int read_number(Json *json, uint32_t *number)
{
    const char *first = json->at;
    uint64_t value = 0;
    for (; json->at < json->end && *json->at >= '0' && *json->at <= '9' && value <= UINT32_MAX; json->at++)
        value = value * 10 + (uint64_t)(*json->at - '0');
    *number = (uint32_t)value;
    return json->at > first && value <= UINT32_MAX;
}

static int read_row(Json *json, uint32_t *numbers)
{
    for (int i = 0; i < FIELDS; i++) {
        if (i && !next(json, ','))
            return 0;
        if (next(json, '"')) {
            if (!pass_string(json))
                return 0;
        } else if (i < FIRST_NUMBER || !read_number(json, &numbers[i - FIRST_NUMBER])) {
            return 0;
        }
    }
    return next(json, ']');
}

enum { STARTS, ENDS, LINES, PLACES, COLUMNS };

/* 1 when all is read, 0 for what is no list of definitions, -1 when memory ran out. */
static int read_rows(const char *text, size_t size, Numbers *columns)
{
    Json json = {text, text + size};
    uint32_t numbers[FIELDS] = {0};
    if (size > UINT32_MAX || !next(&json, '['))
        return 0;
    while (next(&json, '[')) {
        uint32_t place = (uint32_t)(json.at - 1 - text);
        if (!read_row(&json, numbers))
            return 0;
        for (int i = STARTS; i <= LINES; i++)
            if (push(&columns[i], numbers[i]) < 0)
                return -1;
        if (push(&columns[PLACES], place) < 0)
            return -1;
        if (!next(&json, ','))
            break;
    }
    return next(&json, ']');
}

static PyObject *symbol_columns(PyObject *self, PyObject *args)
{
    const char *text;
    Py_ssize_t size;
    Numbers columns[COLUMNS] = {{0}};
    PyObject *made[COLUMNS] = {NULL}, *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y#:symbol_columns", &text, &size))
        return NULL;
    int done;
    Py_BEGIN_ALLOW_THREADS
    done = read_rows(text, (size_t)size, columns);
    Py_END_ALLOW_THREADS
    if (done < 0)
        PyErr_NoMemory();
    else if (!done)
        PyErr_SetString(PyExc_ValueError, "symbol_columns: this is no list of definitions");
    else
        for (int i = 0; i < COLUMNS && (i == 0 || made[i - 1]); i++)
            made[i] = bytes_of(&columns[i]);
    if (made[COLUMNS - 1])
        result = PyTuple_Pack(COLUMNS, made[STARTS], made[ENDS], made[LINES], made[PLACES]);
    for (int i = 0; i < COLUMNS; i++) {
        Py_XDECREF(made[i]);
        free(columns[i].items);
    }
    return result;
}

/* ---- Lines ----------------------------------------------------------------------------------------------------- */

static PyObject *line_starts(PyObject *self, PyObject *args)
{
    const char *text;
    Py_ssize_t size;
    Numbers lines = {0};
    (void)self;
    if (!PyArg_ParseTuple(args, "y#:line_starts", &text, &size))
        return NULL;
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = push_line_starts(&lines, text, (size_t)size);
    Py_END_ALLOW_THREADS
    PyObject *result = failed ? PyErr_NoMemory() : bytes_of(&lines);
    free(lines.items);
    return result;
}

static PyMethodDef methods[] = {
    {"symbol_columns", symbol_columns, METH_VARARGS, "Where stored definitions are, and their lines."},
    {"line_starts", line_starts, METH_VARARGS, "Where the lines of a text start."},
    {NULL, NULL, 0, NULL},
};

int add_columns(PyObject *module) { return PyModule_AddFunctions(module, methods); }

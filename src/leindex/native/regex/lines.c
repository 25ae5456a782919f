/* Lines: how many, and matching ones as they are printed: what stands before each, its number, the line. A pattern that
 * matches a million lines would otherwise make some objects of each. */
#include "native.h"
#include "regex/regex.h"

#define DIGITS_MAX 20

typedef struct {
    Py_buffer text, packed, lead, tail;
    bool numbered;
} Job;

/* Where a line ends, its newline included. */
static size_t stop_of(const Job *job, const Line *line)
{
    size_t size = (size_t)job->text.len;
    const char *text = job->text.buf, *hit = line->end < size ? memchr(text + line->end, '\n', size - line->end) : NULL;
    return hit ? (size_t)(hit - text) + 1 : size;
}

static char *put(char *to, const void *data, size_t count)
{
    memcpy(to, data, count);
    return to + count;
}

static char *put_number(char *to, uint64_t number)
{
    char digits[DIGITS_MAX];
    size_t count = 0;
    do
        digits[DIGITS_MAX - ++count] = (char)('0' + number % 10);
    while (number /= 10);
    return put(to, digits + DIGITS_MAX - count, count);
}

/* The bytes printed, at most; SIZE_MAX where a line is not within the text. */
static size_t room_for(const Job *job)
{
    const Line *lines = job->packed.buf;
    size_t room = 0, count = (size_t)job->packed.len / sizeof *lines;
    for (size_t i = 0; i < count; i++) {
        if (lines[i].start > lines[i].end || lines[i].end > (size_t)job->text.len)
            return SIZE_MAX;
        room += stop_of(job, &lines[i]) - lines[i].start;
    }
    return room + count * ((size_t)job->lead.len + (job->numbered ? DIGITS_MAX + (size_t)job->tail.len : 0));
}

static char *print(const Job *job, char *to)
{
    const Line *lines = job->packed.buf;
    size_t count = (size_t)job->packed.len / sizeof *lines;
    for (size_t i = 0; i < count; i++) {
        to = put(to, job->lead.buf, (size_t)job->lead.len);
        if (job->numbered)
            to = put(put_number(to, lines[i].number), job->tail.buf, (size_t)job->tail.len);
        to = put(to, (char *)job->text.buf + lines[i].start, stop_of(job, &lines[i]) - lines[i].start);
    }
    return to;
}

static PyObject *printed(const Job *job)
{
    size_t room = room_for(job);
    if (room == SIZE_MAX || job->packed.len % (Py_ssize_t)sizeof(Line))
        return PyErr_Format(PyExc_ValueError, "these are no lines of the text");
    char *data = malloc(room ? room : 1);
    if (!data)
        return PyErr_NoMemory();
    char *end;
    Py_BEGIN_ALLOW_THREADS
    end = print(job, data);
    Py_END_ALLOW_THREADS
    PyObject *result = PyBytes_FromStringAndSize(data, end - data);
    free(data);
    return result;
}

static PyObject *printed_lines(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    if (count != 4)
        return PyErr_Format(PyExc_TypeError, "printed_lines takes a text, lines, and what is before and after a number");
    Job job = {.numbered = args[3] != Py_None};
    PyObject *result = NULL;
    Py_buffer *views[] = {&job.text, &job.packed, &job.lead, &job.tail};
    int held = 0, wanted = job.numbered ? 4 : 3;
    while (held < wanted && PyObject_GetBuffer(args[held], views[held], PyBUF_SIMPLE) == 0)
        held++;
    if (held == wanted)
        result = printed(&job);
    while (held)
        PyBuffer_Release(views[--held]);
    return result;
}

static PyObject *count_newlines(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    (void)module;
    Py_ssize_t start = count > 1 ? PyLong_AsSsize_t(args[1]) : 0, stop = count > 2 ? PyLong_AsSsize_t(args[2]) : -1;
    Py_buffer view;
    if (count < 1 || count > 3)
        return PyErr_Format(PyExc_TypeError, "count_newlines takes data, and perhaps start and end");
    if (PyErr_Occurred() || PyObject_GetBuffer(args[0], &view, PyBUF_SIMPLE) < 0)
        return NULL;
    if (stop < 0 || stop > view.len)
        stop = view.len;
    size_t found = 0;
    if (start >= 0 && start < stop) {
        Py_BEGIN_ALLOW_THREADS
        found = newlines_count((const uint8_t *)view.buf + start, (size_t)(stop - start));
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&view);
    return PyLong_FromSize_t(found);
}

static PyMethodDef functions[] = {
    {"count_newlines", (PyCFunction)(void (*)(void))count_newlines, METH_FASTCALL, NULL},
    {"printed_lines", (PyCFunction)(void (*)(void))printed_lines, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

int add_lines(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}

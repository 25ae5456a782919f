/* Reading many files in bulk, with the GIL released; and the module's part for files and folders.
 *
 * read_files() reads whole files straight into bytes objects that were allocated at the size that fstat told, in
 * groups, so that the GIL changes hands twice a group and nothing is copied twice. What a file's status says before and
 * after reading must agree, or the file counts as changed.
 */
#include "files/files.h"

#include <errno.h>
#include <unistd.h>

enum { READ_GROUP = 64 };                       /* files open at a time; far below any descriptor limit */
enum { NOT_A_FILE = 1, TOO_LARGE = 2, CHANGED = 3 };

typedef struct {
    const char *path;
    int fd;
    int problem;                                /* 0, or -errno, or one of the constants above */
    struct stat before;
    PyObject *content;
    char *buffer;
} File;

static void file_open(int root, long long limit, File *file)
{
    file->fd = open_below(root, file->path, 0);
    if (file->fd < 0)
        file->problem = -errno;
    else if (fstat(file->fd, &file->before) < 0)
        file->problem = -errno;
    else if (!S_ISREG(file->before.st_mode))
        file->problem = NOT_A_FILE;
    else if (file->before.st_size > limit)
        file->problem = TOO_LARGE;
}

static void file_read(File *file)
{
    size_t size = (size_t)file->before.st_size, done = 0;
    while (done < size) {
        ssize_t got = read(file->fd, file->buffer + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            file->problem = -errno;
            return;
        }
        if (got == 0)
            break;
        done += (size_t)got;
    }
    struct stat after, *before = &file->before;
    if (fstat(file->fd, &after) < 0)
        file->problem = -errno;
    else if (done < size || after.st_size != before->st_size ||
             nanoseconds(after.MTIME) != nanoseconds(before->MTIME) ||
             nanoseconds(after.CTIME) != nanoseconds(before->CTIME))
        file->problem = CHANGED;
}

static PyObject *file_result(File *file)
{
    if (file->problem) {
        Py_CLEAR(file->content);
        return PyLong_FromLong(file->problem);
    }
    PyObject *result = Py_BuildValue("(NLLKL)", file->content, (long long)file->before.st_size,
                                     nanoseconds(file->before.MTIME), (unsigned long long)file->before.st_ino,
                                     nanoseconds(file->before.CTIME));
    file->content = NULL;
    return result;
}

/* Reads files[0..count) and appends a result for each. Returns -1 with an exception set. */
static int read_group(int root, long long limit, File *files, size_t count, PyObject *results)
{
    int status = 0;
    Py_BEGIN_ALLOW_THREADS
    for (size_t i = 0; i < count; i++)
        file_open(root, limit, &files[i]);
    Py_END_ALLOW_THREADS
    for (size_t i = 0; i < count; i++) {
        if (files[i].problem)
            continue;
        files[i].content = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)files[i].before.st_size);
        if (files[i].content == NULL) {
            status = -1;
            break;
        }
        files[i].buffer = PyBytes_AsString(files[i].content);
    }
    Py_BEGIN_ALLOW_THREADS
    for (size_t i = 0; i < count; i++) {
        if (!files[i].problem && status == 0)
            file_read(&files[i]);
        if (files[i].fd >= 0)
            close(files[i].fd);
    }
    Py_END_ALLOW_THREADS
    for (size_t i = 0; i < count; i++) {
        PyObject *result = status == 0 ? file_result(&files[i]) : NULL;
        if (result == NULL || PyList_Append(results, result) < 0)
            status = -1;
        Py_XDECREF(result);
        Py_CLEAR(files[i].content);
    }
    return status;
}

static PyObject *read_files(PyObject *module, PyObject *args)
{
    (void)module;
    int root;
    PyObject *paths;
    long long limit;
    if (!PyArg_ParseTuple(args, "iO!L:read_files", &root, &PyTuple_Type, &paths, &limit))
        return NULL;
    if (limit < 0 || limit > PY_SSIZE_T_MAX / 2) {
        PyErr_SetString(PyExc_ValueError, "limit out of range");
        return NULL;
    }
    PyObject *results = PyList_New(0);
    Py_ssize_t total = PyTuple_Size(paths);
    for (Py_ssize_t start = 0; results != NULL && start < total; start += READ_GROUP) {
        File files[READ_GROUP];
        size_t count = 0;
        for (; count < READ_GROUP && start + (Py_ssize_t)count < total; count++) {
            char *path;
            if (PyBytes_AsStringAndSize(PyTuple_GetItem(paths, start + (Py_ssize_t)count), &path, NULL) < 0) {
                Py_DECREF(results);
                return NULL;
            }
            files[count] = (File){.path = path, .fd = -1};
        }
        if (read_group(root, limit, files, count, results) < 0)
            Py_CLEAR(results);
    }
    return results;
}

/* ---- the module -------------------------------------------------------------------------------------------- */

static PyStructSequence_Field found_fields[] = {
    {"path", "bytes, relative to the root, with '/'"}, {"size", "bytes"},
    {"mtime_ns", "last modification, nanoseconds since 1970"},
    {"inode", "inode number"}, {"ctime_ns", "last status change, nanoseconds since 1970"},
    {"mode", "type and permission bits (an attribute only, not in the sequence)"},
    {NULL, NULL},
};

static PyStructSequence_Desc found_desc = {
    .name = "leindex._native.Found",
    .doc = "One file, as the walk found it.",
    .fields = found_fields,
    .n_in_sequence = 5,
};

static PyMethodDef methods[] = {
    {"scan_folder", scan_folder, METH_VARARGS, NULL}, {"read_files", read_files, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int add_files(PyObject *module)
{
    PyTypeObject *found = PyStructSequence_NewType(&found_desc);
    if (found == NULL || PyModule_AddObjectRef(module, "Found", (PyObject *)found) < 0) {
        Py_XDECREF((PyObject *)found);
        return -1;
    }
    Py_DECREF((PyObject *)found);
    if (PyModule_AddIntMacro(module, NOT_A_FILE) < 0 || PyModule_AddIntMacro(module, TOO_LARGE) < 0 ||
        PyModule_AddIntMacro(module, CHANGED) < 0)
        return -1;
    return PyModule_AddFunctions(module, methods);
}

/* Reading folders and files in bulk, with the GIL released.
 *
 * Every path is relative to a descriptor of the root folder and is opened below it without following any symbolic
 * link, in the last component or before it: on Linux the kernel promises that (openat2), on macOS O_NOFOLLOW_ANY
 * does, elsewhere only the last component is guarded. So a folder that is swapped for a link while the tree is
 * being walked cannot lead outside.
 *
 * scan_folder() lists one folder; read_files() reads many whole files straight into bytes objects that were
 * allocated at the size that fstat told, in groups, so that the GIL changes hands twice a group and nothing is
 * copied twice. What a file's status says before and after reading must agree, or the file counts as changed.
 */
#include "native.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#if defined(SYS_openat2) && defined(__has_include)
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#define HAVE_OPENAT2 1
#endif
#endif
#endif

#ifdef __APPLE__
#define MTIME st_mtimespec
#define CTIME st_ctimespec
#else
#define MTIME st_mtim
#define CTIME st_ctim
#endif

#ifndef O_NOFOLLOW_ANY
#define O_NOFOLLOW_ANY O_NOFOLLOW
#endif

enum { READ_GROUP = 64 };                       /* files open at a time; far below any descriptor limit */
enum { NOT_A_FILE = 1, TOO_LARGE = 2, CHANGED = 3 };

static long long nanoseconds(struct timespec t) { return (long long)t.tv_sec * 1000000000 + t.tv_nsec; }

/* Opens a path relative to root for reading; returns a descriptor, or -1 with errno set. */
static int open_below(int root, const char *path, int flags)
{
    flags |= O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    if (*path == '\0')
        path = ".";
#ifdef HAVE_OPENAT2
    static volatile int unsupported;            /* an old kernel, or a sandbox that denies the call */
    if (!unsupported) {
        struct open_how how;
        memset(&how, 0, sizeof how);
        how.flags = (unsigned long long)flags;
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
        int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
            return fd;
        /* EPERM is also what a file may answer, so only the plain call's success says that openat2 is denied. */
        int denied = errno == ENOSYS;
        fd = openat(root, path, flags | O_NOFOLLOW_ANY);
        if (denied || fd >= 0)
            unsupported = 1;
        return fd;
    }
#endif
    return openat(root, path, flags | O_NOFOLLOW_ANY);
}

/* ---- one folder ------------------------------------------------------------------------------------------- */

typedef struct {
    size_t at, length;                          /* where the name begins in the listing's text, and its length */
    const char *name;                           /* the name, once the text has stopped moving */
    long long size, mtime_ns, ctime_ns;
    unsigned long long inode;
    unsigned mode;
    char kind;                                  /* f file, d folder, l symbolic link, o any other */
} Entry;

typedef struct {
    Entry *entries;
    size_t count, capacity;
    char *text;                                 /* the names, each ended by NUL */
    size_t used, room;
} Listing;

static int listing_add(Listing *listing, const char *name, Entry entry)
{
    entry.length = strlen(name);
    if (listing->count == listing->capacity) {
        size_t capacity = listing->capacity ? listing->capacity * 2 : 64;
        Entry *entries = realloc(listing->entries, capacity * sizeof *entries);
        if (entries == NULL)
            return -1;
        listing->entries = entries;
        listing->capacity = capacity;
    }
    if (listing->room - listing->used < entry.length + 1) {
        size_t room = listing->room * 2 + entry.length + 1024;
        char *text = realloc(listing->text, room);
        if (text == NULL)
            return -1;
        listing->text = text;
        listing->room = room;
    }
    entry.at = listing->used;
    memcpy(listing->text + listing->used, name, entry.length + 1);
    listing->used += entry.length + 1;
    listing->entries[listing->count++] = entry;
    return 0;
}

static char kind_of_mode(unsigned mode)
{
    return S_ISREG(mode) ? 'f' : S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : 'o';
}

static char kind_of_type(int type)
{
    return type == DT_REG ? 'f' : type == DT_DIR ? 'd' : type == DT_LNK ? 'l' : type == DT_UNKNOWN ? '?' : 'o';
}

/* Fills the entry's status. 0: gone meanwhile; 1: done, where a file whose status is denied keeps zeros. */
static int entry_stat(int folder, const char *name, Entry *entry)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT)
            return 0;
        if (entry->kind == '?')
            entry->kind = 'o';
        entry->mode = S_IFREG;
        return 1;
    }
    entry->kind = kind_of_mode(st.st_mode);
    entry->size = st.st_size;
    entry->mtime_ns = nanoseconds(st.MTIME);
    entry->ctime_ns = nanoseconds(st.CTIME);
    entry->inode = st.st_ino;
    entry->mode = st.st_mode;
    return 1;
}

/* Lists the folder; without the files' status if only names are asked for. Returns 0, or an errno. */
static int list_folder(int root, const char *path, int names_only, Listing *listing)
{
    int fd = open_below(root, path, O_DIRECTORY);
    if (fd < 0)
        return errno;
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        int error = errno;
        close(fd);
        return error;
    }
    int error = 0;
    for (;;) {
        errno = 0;
        struct dirent *item = readdir(stream);
        if (item == NULL) {
            error = errno;
            break;
        }
        const char *name = item->d_name;
        if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
            continue;
        Entry entry = {.inode = item->d_ino, .kind = kind_of_type(item->d_type)};
        if (((entry.kind == 'f' && !names_only) || entry.kind == '?') && !entry_stat(fd, name, &entry))
            continue;
        if (listing_add(listing, name, entry) < 0) {
            error = ENOMEM;
            break;
        }
    }
    closedir(stream);
    return error;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Entry *)a)->name, ((const Entry *)b)->name);
}

static void listing_sort(Listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        listing->entries[i].name = listing->text + listing->entries[i].at;
    if (listing->count)
        qsort(listing->entries, listing->count, sizeof *listing->entries, by_name);
}

static PyObject *found_new(PyTypeObject *type, const Entry *entry, const char *prefix, size_t prefix_length)
{
    PyObject *found = PyStructSequence_New(type);
    if (found == NULL)
        return NULL;
    PyObject *path = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(prefix_length + entry->length));
    if (path != NULL) {
        char *text = PyBytes_AsString(path);
        memcpy(text, prefix, prefix_length);
        memcpy(text + prefix_length, entry->name, entry->length);
    }
    PyObject *fields[6] = {path,
                           PyLong_FromLongLong(entry->size),
                           PyLong_FromLongLong(entry->mtime_ns),
                           PyLong_FromUnsignedLongLong(entry->inode),
                           PyLong_FromLongLong(entry->ctime_ns),
                           PyLong_FromUnsignedLong(entry->mode)};
    for (int i = 0; i < 6; i++)
        PyStructSequence_SetItem(found, i, fields[i]);
    if (PyErr_Occurred())
        Py_CLEAR(found);
    return found;
}

/* Turns the listing into (kinds, names, founds), three sequences side by side; the last is empty without a type. */
static PyObject *listing_result(const Listing *listing, PyTypeObject *type, const char *folder, size_t length)
{
    char *prefix = malloc(length + 2);
    PyObject *kinds = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)listing->count);
    PyObject *names = PyList_New((Py_ssize_t)listing->count);
    PyObject *founds = PyList_New(type == NULL ? 0 : (Py_ssize_t)listing->count);
    PyObject *result = NULL;
    if (prefix == NULL)
        PyErr_NoMemory();
    if (prefix == NULL || kinds == NULL || names == NULL || founds == NULL)
        goto done;
    memcpy(prefix, folder, length);
    if (length)
        prefix[length++] = '/';
    char *kind = PyBytes_AsString(kinds);
    for (size_t i = 0; i < listing->count; i++) {
        const Entry *entry = &listing->entries[i];
        kind[i] = entry->kind;
        PyObject *name = PyBytes_FromStringAndSize(entry->name, (Py_ssize_t)entry->length);
        if (name == NULL)
            goto done;
        PyList_SetItem(names, (Py_ssize_t)i, name);
        if (type == NULL)
            continue;
        PyObject *found = found_new(type, entry, prefix, length);
        if (found == NULL)
            goto done;
        PyList_SetItem(founds, (Py_ssize_t)i, found);
    }
    result = PyTuple_Pack(3, kinds, names, founds);
done:
    free(prefix);
    Py_XDECREF(kinds);
    Py_XDECREF(names);
    Py_XDECREF(founds);
    return result;
}

static PyObject *scan_folder(PyObject *module, PyObject *args)
{
    int root;
    PyObject *folder;
    int names_only = 0;
    if (!PyArg_ParseTuple(args, "iS|p:scan_folder", &root, &folder, &names_only))
        return NULL;
    char *path;
    if (PyBytes_AsStringAndSize(folder, &path, NULL) < 0)    /* refuses NUL bytes */
        return NULL;
    Listing listing = {0};
    int error;
    Py_BEGIN_ALLOW_THREADS
    error = list_folder(root, path, names_only, &listing);
    if (!error)
        listing_sort(&listing);
    Py_END_ALLOW_THREADS
    PyObject *result = NULL;
    if (error) {
        errno = error;
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, folder);
    } else if (names_only) {
        result = listing_result(&listing, NULL, path, strlen(path));
    } else {
        PyObject *type = PyObject_GetAttrString(module, "Found");
        if (type != NULL)
            result = listing_result(&listing, (PyTypeObject *)type, path, strlen(path));
        Py_XDECREF(type);
    }
    free(listing.entries);
    free(listing.text);
    return result;
}

/* ---- many files -------------------------------------------------------------------------------------------- */

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

/* What one folder holds, read with the GIL released: kinds, names and, where asked, the status of each entry. */
#include "files/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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

PyObject *scan_folder(PyObject *module, PyObject *args)
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

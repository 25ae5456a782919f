/* Reading below a root folder: private to this folder, for native.h's add_files() is all that others call.
 *
 * One way: below.c opens; folder.c (one folder) and files.c (many files) call it, and files.c, which makes the module's
 * part, calls folder.c.
 */
#ifndef LEINDEX_FILES_H
#define LEINDEX_FILES_H

#include "native.h"

#include <sys/stat.h>

#ifdef __APPLE__
#define MTIME st_mtimespec
#define CTIME st_ctimespec
#else
#define MTIME st_mtim
#define CTIME st_ctim
#endif

static inline long long nanoseconds(struct timespec t) { return (long long)t.tv_sec * 1000000000 + t.tv_nsec; }

/* below.c: opens a path relative to root for reading; returns a descriptor, or -1 with errno set. */
int open_below(int root, const char *path, int flags);

/* folder.c: scan_folder(), as a function of the module. */
PyObject *scan_folder(PyObject *module, PyObject *args);

#endif

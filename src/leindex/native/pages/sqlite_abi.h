/* The few shapes of SQLite's interface for virtual file systems that checked_vfs.c needs, as sqlite.org documents
 * them (c3ref/vfs.html, c3ref/io_methods.html). They are fixed for all of SQLite 3: later versions only add members at
 * the end. SQLite itself is the one inside APSW; it hands its functions to an extension that it loads.
 *
 * Private to checked_vfs.c. */
#ifndef LEINDEX_SQLITE_ABI_H
#define LEINDEX_SQLITE_ABI_H

#include <stdint.h>

typedef struct File File;
typedef struct Methods Methods;
typedef struct Vfs Vfs;

struct File {
    const Methods *methods; /* NULL until it is open */
};

struct Methods {
    int version;
    int (*close)(File *);
    int (*read)(File *, void *, int amount, int64_t offset);
    int (*write)(File *, const void *, int amount, int64_t offset);
    int (*truncate)(File *, int64_t size);
    int (*sync)(File *, int flags);
    int (*size)(File *, int64_t *size);
    int (*lock)(File *, int kind);
    int (*unlock)(File *, int kind);
    int (*reserved)(File *, int *held);
    int (*control)(File *, int operation, void *argument);
    int (*sector)(File *);
    int (*characteristics)(File *);
    /* version 2 */
    int (*shm_map)(File *, int page, int size, int extend, void volatile **mapped);
    int (*shm_lock)(File *, int offset, int count, int flags);
    void (*shm_barrier)(File *);
    int (*shm_unmap)(File *, int remove);
    /* version 3 */
    int (*fetch)(File *, int64_t offset, int amount, void **page);
    int (*unfetch)(File *, int64_t offset, void *page);
};

struct Vfs {
    int version;
    int file_size; /* bytes of the File that open() fills in */
    int longest_path;
    Vfs *next;
    const char *name;
    void *data;
    int (*open)(Vfs *, const char *name, File *, int flags, int *out_flags);
    int (*remove)(Vfs *, const char *name, int sync_folder);
    int (*access)(Vfs *, const char *name, int flags, int *result);
    int (*full_path)(Vfs *, const char *name, int size, char *out);
    void *(*dl_open)(Vfs *, const char *name);
    void (*dl_error)(Vfs *, int size, char *message);
    void (*(*dl_symbol)(Vfs *, void *, const char *symbol))(void);
    void (*dl_close)(Vfs *, void *);
    int (*randomness)(Vfs *, int size, char *out);
    int (*sleep)(Vfs *, int microseconds);
    int (*time)(Vfs *, double *days);
    int (*last_error)(Vfs *, int size, char *message);
    /* version 2 */
    int (*time_ms)(Vfs *, int64_t *milliseconds);
    /* version 3: system calls, which tests of SQLite replace */
    void *calls[3];
};

/* Places in struct sqlite3_api_routines, the table of functions that an extension gets. */
enum { API_VFS_FIND = 141, API_VFS_REGISTER = 142 };

typedef Vfs *(*FindVfs)(const char *name);
typedef int (*RegisterVfs)(Vfs *, int make_default);

enum {
    SQLITE_OK = 0,
    SQLITE_ERROR = 1,
    SQLITE_NOMEM = 7,
    SQLITE_IOERR_SHORT_READ = 10 | 2 << 8,
    SQLITE_IOERR_WRITE = 10 | 3 << 8,
    SQLITE_IOERR_DATA = 10 | 32 << 8,
    SQLITE_FULL = 13,
    SQLITE_OK_LOAD_PERMANENTLY = 1 << 8,
    OPEN_MAIN_DB = 0x100,
    OPEN_WAL = 0x80000,
};

#endif

/* Faults of the system, put under a running program: LD_PRELOAD of the tests in tests/faults.
 *
 * Calls that change files below one folder are counted; at the n-th of them the process is killed, the call fails, a
 * signal arrives or the folder vanishes. A process arms it by `faults_arm` for itself; what it starts is not armed.
 * Writes to memory that is mapped (SQLite's -shm) are no calls and not counted. The wall clock can be moved as well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, TRUNCATE = 4, RENAME = 8, UNLINK = 16, OPEN = 32, MAKE = 64 };
enum { COUNT, KILL, FAIL, SIGNAL, VANISH };
enum { MAX_PATH = 4096 };

static char folder[MAX_PATH];
static size_t folder_size;
static int action, mask, value, forever, torn;
static long target;
static atomic_long counted;
static atomic_int armed;
static long clock_offset;

/* `what` is the action, `kinds` the calls that count, `at` the number of the call from 1, `number` an errno or a
 * signal. `lasting`: every later call fails as well. `half`: of a write at that place half is done first. */
void faults_arm(const char *below, int what, int kinds, long at, int number, int lasting, int half)
{
    atomic_store(&armed, 0);
    snprintf(folder, sizeof folder, "%s", below);
    folder_size = strlen(folder);
    action = what, mask = kinds, target = at, value = number, forever = lasting, torn = half;
    atomic_store(&counted, 0);
    atomic_store(&armed, 1);
}

long faults_counted(void)
{
    return atomic_load(&counted);
}

void faults_clock(long seconds)
{
    clock_offset = seconds;
}

static int below(const char *path)
{
    return strncmp(path, folder, folder_size) == 0 && (path[folder_size] == '/' || path[folder_size] == 0);
}

static int file_below(int fd)
{
    char name[64], path[MAX_PATH];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(name, path, sizeof path - 1);
    if (size < 0)
        return 0;
    path[size] = 0;
    return below(path);
}

static void vanish(void)
{
    char gone[MAX_PATH + 8];
    snprintf(gone, sizeof gone, "%s.gone", folder);
    syscall(SYS_rename, folder, gone);
}

/* What becomes of a call: 0 it goes ahead, 1 half of it and the process dies, 2 half of it, -1 it fails with errno. */
static int fate(int kind)
{
    if (!(kind & mask))
        return 0;
    long now = atomic_fetch_add(&counted, 1) + 1;
    if (action == COUNT || now < target || (now > target && !forever))
        return 0;
    switch (action) {
    case KILL:
        if (torn && kind == WRITE)
            return 1;
        raise(SIGKILL);
        return 0;
    case SIGNAL:
        raise(value);
        return 0;
    case VANISH:
        vanish();
        return 0;
    default:
        if (torn && kind == WRITE && now == target)
            return 2;
        errno = value;
        return -1;
    }
}

static int fate_of_file(int kind, int fd)
{
    int saved = errno;
    int here = atomic_load(&armed) && file_below(fd);
    errno = saved;
    return here ? fate(kind) : 0;
}

static int fate_of_path(int kind, int at, const char *path)
{
    if (!atomic_load(&armed) || path == NULL)
        return 0;
    if (path[0] == '/')
        return below(path) ? fate(kind) : 0;
    return at >= 0 ? fate_of_file(kind, at) : 0;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) \
        real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static size_t part(int decided, size_t size)
{
    return decided > 0 && size > 1 ? size / 2 : size;
}

static void after(int decided)
{
    if (decided == 1)
        raise(SIGKILL);
}

#define WRITER(name, parameters, call) \
    ssize_t name parameters \
    { \
        REAL(name); \
        int decided = fate_of_file(WRITE, fd); \
        if (decided < 0) \
            return -1; \
        ssize_t done = call; \
        after(decided); \
        return done; \
    }

WRITER(write, (int fd, const void *data, size_t size), real(fd, data, part(decided, size)))
WRITER(pwrite, (int fd, const void *data, size_t size, off_t at), real(fd, data, part(decided, size), at))
WRITER(pwrite64, (int fd, const void *data, size_t size, off64_t at), real(fd, data, part(decided, size), at))
WRITER(writev, (int fd, const struct iovec *parts, int count), real(fd, parts, (int)part(decided, (size_t)count)))
WRITER(pwritev, (int fd, const struct iovec *parts, int count, off_t at),
       real(fd, parts, (int)part(decided, (size_t)count), at))
WRITER(pwritev64, (int fd, const struct iovec *parts, int count, off64_t at),
       real(fd, parts, (int)part(decided, (size_t)count), at))

#define OTHER(name, parameters, decision, call) \
    int name parameters \
    { \
        REAL(name); \
        return decision < 0 ? -1 : call; \
    }

OTHER(fsync, (int fd), fate_of_file(SYNC, fd), real(fd))
OTHER(fdatasync, (int fd), fate_of_file(SYNC, fd), real(fd))
OTHER(ftruncate, (int fd, off_t size), fate_of_file(TRUNCATE, fd), real(fd, size))
OTHER(ftruncate64, (int fd, off64_t size), fate_of_file(TRUNCATE, fd), real(fd, size))
OTHER(truncate, (const char *path, off_t size), fate_of_path(TRUNCATE, -1, path), real(path, size))
OTHER(rename, (const char *from, const char *to), fate_of_path(RENAME, -1, to), real(from, to))
OTHER(renameat, (int a, const char *from, int b, const char *to), fate_of_path(RENAME, b, to), real(a, from, b, to))
OTHER(renameat2, (int a, const char *from, int b, const char *to, unsigned flags), fate_of_path(RENAME, b, to),
      real(a, from, b, to, flags))
OTHER(unlink, (const char *path), fate_of_path(UNLINK, -1, path), real(path))
OTHER(unlinkat, (int at, const char *path, int flags), fate_of_path(UNLINK, at, path), real(at, path, flags))
OTHER(remove, (const char *path), fate_of_path(UNLINK, -1, path), real(path))
OTHER(rmdir, (const char *path), fate_of_path(UNLINK, -1, path), real(path))
OTHER(mkdir, (const char *path, mode_t mode), fate_of_path(MAKE, -1, path), real(path, mode))
OTHER(mkdirat, (int at, const char *path, mode_t mode), fate_of_path(MAKE, at, path), real(at, path, mode))

#define CHANGES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))

static mode_t mode_of(int flags, va_list more)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

#define OPENER(name, parameters, at, call) \
    int name parameters \
    { \
        REAL(name); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = mode_of(flags, more); \
        va_end(more); \
        return CHANGES(flags) && fate_of_path(OPEN, at, path) < 0 ? -1 : call; \
    }

OPENER(open, (const char *path, int flags, ...), -1, real(path, flags, mode))
OPENER(open64, (const char *path, int flags, ...), -1, real(path, flags, mode))
OPENER(openat, (int at, const char *path, int flags, ...), at, real(at, path, flags, mode))
OPENER(openat64, (int at, const char *path, int flags, ...), at, real(at, path, flags, mode))

int clock_gettime(clockid_t which, struct timespec *now)
{
    REAL(clock_gettime);
    int result = real(which, now);
    if (result == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
        now->tv_sec += clock_offset;
    return result;
}

time_t time(time_t *where)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where)
        *where = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec, now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

/* Opening a path below a root folder.
 *
 * Every path is relative to a descriptor of the root folder and is opened below it without following any symbolic
 * link, in the last component or before it: on Linux the kernel promises that (openat2), on macOS O_NOFOLLOW_ANY
 * does, elsewhere only the last component is guarded. So a folder that is swapped for a link while the tree is
 * being walked cannot lead outside.
 */
#include "files/files.h"

#include <errno.h>
#include <fcntl.h>
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

#ifndef O_NOFOLLOW_ANY
#define O_NOFOLLOW_ANY O_NOFOLLOW
#endif

int open_below(int root, const char *path, int flags)
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

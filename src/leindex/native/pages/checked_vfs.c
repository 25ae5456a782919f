/* A virtual file system of SQLite under which no damaged page is ever used.
 *
 * Every page of a database ends in eight bytes of checksum over its number and its other bytes. It is computed when a
 * page is written to the database and compared when one is read; what does not agree, a page of zeros and one that lies
 * in the place of another included, is SQLITE_IOERR_DATA. Pages that still lie in the log (-wal) carry a checksum of
 * SQLite's own, chained from frame to frame, which SQLite itself compares only in recovery after a crash; here it is
 * compared with every page that is read from the log, so that a checkpoint cannot give a damaged page a valid checksum.
 *
 * What is checked is told by the header: SQLite leaves the last eight bytes of a page alone where byte 20 of the file
 * says so, and Database has new files begin like that. A file that says otherwise is of an older format and passes
 * through unchecked; Database refuses one that has no checksums and claims to be of a format with them.
 *
 * Loaded by SQLite as an extension (Connection.load_extension), since APSW's SQLite is inside APSW. */
#include "native.h"
#include "pages/sqlite_abi.h"

#include <errno.h>
#include <limits.h>

enum {
    PAGE = 8192,          /* PAGE_SIZE of storage/integrity/checked_pages.py */
    RESERVED = 8,         /* bytes at the end of a page */
    RESERVED_AT = 20,     /* where the header says how many */
    HEADER = 100,         /* of the file; read alone before the size of a page is known */
    VERSION_AT = 24,      /* 16 bytes that SQLite compares with those it has seen */
    VERSION = 16,
    LOG_HEADER = 32,      /* of the log: magic, version, size of a page, number, salt (8), checksum (8) */
    FRAME_HEADER = 24,    /* of a frame: page, pages after commit, salt (8), checksum (8) */
    CHECKSUM_AT = 16,     /* in a frame's header */
    FRAME = FRAME_HEADER + PAGE,
};

/* Our file, followed by the file of the VFS below. */
typedef struct {
    File file;
    int is_log;
    int checked;         /* database: pages carry checksums */
    int64_t header_at;   /* log: the frame whose header was the last thing written, -1 if it was something else */
    int64_t rewritten;   /* log: from this place on the writer has pages whose checksum is still to come; INT64_MAX: none */
    int64_t summed_to;   /* log: where the frame ends that was read last; 0: none */
    uint32_t sum[2];     /* log: the sum in that frame's header */
} Checked;

static FindVfs find_vfs;
static RegisterVfs register_vfs;

static File *below(File *file)
{
    return (File *)((Checked *)file + 1);
}

static Vfs *base(Vfs *vfs)
{
    return vfs->data;
}

/* -- checksums ---------------------------------------------------------------------------------------------------- */

static uint64_t little(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static uint64_t stir(uint64_t value)
{
    value = (value ^ value >> 32) * 0x9fb21c651e98df25u;
    return value ^ value >> 29;
}

/* Over the page's number and all but its last bytes. Four independent lanes, so that multiplications overlap; each step
 * of a lane is a bijection of the word that comes in, hence any change within one word changes the sum. */
static uint64_t page_checksum(const unsigned char *page, uint64_t number)
{
    enum { WORDS = (PAGE - RESERVED) / 8 };
    const uint64_t factor = 0xd6e8feb86659fd93u;
    uint64_t a = number, b = 1, c = 2, d = 3;
    int i = 0;
    for (; i + 4 <= WORDS; i += 4, page += 32) {
        a = (a ^ little(page)) * factor;
        b = (b ^ little(page + 8)) * factor;
        c = (c ^ little(page + 16)) * factor;
        d = (d ^ little(page + 24)) * factor;
        a ^= a >> 31, b ^= b >> 31, c ^= c >> 31, d ^= d >> 31;
    }
    for (; i < WORDS; i++, page += 8)
        a = (a ^ little(page)) * factor, a ^= a >> 31;
    return stir(a) + stir(b + 1) * 3 + stir(c + 2) * 5 + stir(d + 3) * 7;
}

static int is_valid(const unsigned char *page, int64_t offset)
{
    return page_checksum(page, (uint64_t)(offset / PAGE) + 1) == little(page + PAGE - RESERVED);
}

/* SQLite's own sum (sqlite.org/fileformat2.html, "Checksum algorithm"), in the byte order of this machine. A log from a
 * machine of the other order would seem damaged. */
static void add_log_checksum(const unsigned char *data, size_t size, uint32_t sum[2])
{
    uint32_t x, y;
    for (size_t i = 0; i < size; i += 8) {
        memcpy(&x, data + i, 4);
        memcpy(&y, data + i + 4, 4);
        sum[0] += x + sum[1];
        sum[1] += y + sum[0];
    }
}

static void read_sum(const unsigned char *at, uint32_t sum[2])
{
    for (int i = 0; i < 2; i++, at += 4)
        sum[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* -- reading ------------------------------------------------------------------------------------------------------ */

/* Whether a frame's sum continues the one before it. */
static int continues(const uint32_t before[2], const unsigned char *frame)
{
    uint32_t sum[2] = {before[0], before[1]}, wanted[2];
    read_sum(frame + CHECKSUM_AT, wanted);
    add_log_checksum(frame, 8, sum);
    add_log_checksum(frame + FRAME_HEADER, PAGE, sum);
    return sum[0] == wanted[0] && sum[1] == wanted[1];
}

/* A page from the log, read with its frame's header: the sum there continues that of the frame before, or of the header.
 * Frames are mostly read one after another, so the sum before is the one that was just read; where that does not fit,
 * as the log may have begun again, it is read from the file. */
static int read_page_of_log(Checked *log, File *under, void *into, int64_t offset)
{
    unsigned char frame[FRAME], sum_before[8];
    int64_t start = offset - FRAME_HEADER;
    int failed = under->methods->read(under, frame, FRAME, start);
    if (failed)
        return failed == SQLITE_IOERR_SHORT_READ ? SQLITE_IOERR_DATA : failed;
    uint32_t before[2] = {log->sum[0], log->sum[1]};
    if (log->summed_to != start || !continues(before, frame)) {
        int64_t previous = start == LOG_HEADER ? 24 : start - FRAME + CHECKSUM_AT;
        failed = under->methods->read(under, sum_before, sizeof sum_before, previous);
        if (failed)
            return failed == SQLITE_IOERR_SHORT_READ ? SQLITE_IOERR_DATA : failed;
        read_sum(sum_before, before);
        if (!continues(before, frame))
            return SQLITE_IOERR_DATA;
    }
    read_sum(frame + CHECKSUM_AT, log->sum);
    log->summed_to = start + FRAME;
    memcpy(into, frame + FRAME_HEADER, PAGE);
    return SQLITE_OK;
}

static int read_log(Checked *log, File *under, void *into, int amount, int64_t offset)
{
    int is_page = amount == PAGE && offset > LOG_HEADER && (offset - LOG_HEADER) % FRAME == FRAME_HEADER;
    if (is_page && offset < log->rewritten)
        return read_page_of_log(log, under, into, offset);
    int failed = under->methods->read(under, into, amount, offset);
    return is_page && failed == SQLITE_IOERR_SHORT_READ ? SQLITE_IOERR_DATA : failed;
}

static int read_database(Checked *database, File *under, void *into, int amount, int64_t offset)
{
    int failed;
    int is_header = (offset == 0 && amount == HEADER) || (offset == VERSION_AT && amount == VERSION);
    if (is_header) {
        failed = under->methods->read(under, into, amount, offset);
        if (!failed && offset == 0 && !memcmp(into, "SQLite format 3", 16))
            database->checked |= ((unsigned char *)into)[RESERVED_AT] == RESERVED;
        return failed;
    }
    if (!database->checked)
        return under->methods->read(under, into, amount, offset);
    int64_t start = offset - offset % PAGE;
    if (amount < 0 || offset < 0 || offset + amount > start + PAGE)
        return SQLITE_IOERR_DATA; /* SQLite reads no more than one page at a time */
    unsigned char whole[PAGE];
    unsigned char *page = amount == PAGE ? into : whole;
    failed = under->methods->read(under, page, PAGE, start);
    if (failed == SQLITE_IOERR_SHORT_READ && start)
        return SQLITE_IOERR_DATA; /* the file was cut; only an empty one has no first page */
    if (!failed && !is_valid(page, start))
        failed = SQLITE_IOERR_DATA;
    if (page == whole && (!failed || failed == SQLITE_IOERR_SHORT_READ))
        memcpy(into, whole + (offset - start), (size_t)amount);
    return failed;
}

static int checked_read(File *file, void *into, int amount, int64_t offset)
{
    Checked *checked = (Checked *)file;
    return checked->is_log ? read_log(checked, below(file), into, amount, offset)
                           : read_database(checked, below(file), into, amount, offset);
}

/* -- writing ------------------------------------------------------------------------------------------------------ */

/* A page that goes over an older state of itself within one transaction is written without its header, which follows
 * when the transaction ends. Until then its sum is not that of the page; nobody but this writer reads it. */
static void note_log_write(Checked *log, int amount, int64_t offset)
{
    int64_t place = offset >= LOG_HEADER ? (offset - LOG_HEADER) % FRAME : -1;
    if (place == 0 && amount == FRAME_HEADER) {
        if (offset < log->rewritten)
            log->rewritten = INT64_MAX;
        log->header_at = offset;
        return;
    }
    if (place == FRAME_HEADER && offset - FRAME_HEADER != log->header_at && offset < log->rewritten)
        log->rewritten = offset;
    log->header_at = -1;
}

static int checked_write(File *file, const void *data, int amount, int64_t offset)
{
    Checked *checked = (Checked *)file;
    File *under = below(file);
    if (checked->is_log)
        note_log_write(checked, amount, offset);
    else if (checked->checked && amount == PAGE && offset % PAGE == 0) {
        /* In place, as the last bytes are nobody's: SQLite hands over its own buffer of the page. */
        unsigned char *page = (unsigned char *)data;
        uint64_t sum = page_checksum(page, (uint64_t)(offset / PAGE) + 1);
        for (int i = 0; i < RESERVED; i++)
            page[PAGE - RESERVED + i] = (unsigned char)(sum >> 8 * i);
    }
    int failed = under->methods->write(under, data, amount, offset);
    /* SQLite knows a full disk and not a used up quota, which is the same to whoever writes. */
    return failed == SQLITE_IOERR_WRITE && errno == EDQUOT ? SQLITE_FULL : failed;
}

/* -- everything else passes through --------------------------------------------------------------------------------- */

static int checked_close(File *file)
{
    return below(file)->methods->close(below(file));
}

static int checked_truncate(File *file, int64_t size)
{
    return below(file)->methods->truncate(below(file), size);
}

static int checked_sync(File *file, int flags)
{
    return below(file)->methods->sync(below(file), flags);
}

static int checked_size(File *file, int64_t *size)
{
    return below(file)->methods->size(below(file), size);
}

static int checked_lock(File *file, int kind)
{
    return below(file)->methods->lock(below(file), kind);
}

static int checked_unlock(File *file, int kind)
{
    return below(file)->methods->unlock(below(file), kind);
}

static int checked_reserved(File *file, int *held)
{
    return below(file)->methods->reserved(below(file), held);
}

static int checked_control(File *file, int operation, void *argument)
{
    return below(file)->methods->control(below(file), operation, argument);
}

static int checked_sector(File *file)
{
    return below(file)->methods->sector(below(file));
}

static int checked_characteristics(File *file)
{
    return below(file)->methods->characteristics(below(file));
}

static int checked_shm_map(File *file, int page, int size, int extend, void volatile **mapped)
{
    return below(file)->methods->shm_map(below(file), page, size, extend, mapped);
}

static int checked_shm_lock(File *file, int offset, int count, int flags)
{
    return below(file)->methods->shm_lock(below(file), offset, count, flags);
}

static void checked_shm_barrier(File *file)
{
    below(file)->methods->shm_barrier(below(file));
}

static int checked_shm_unmap(File *file, int remove)
{
    return below(file)->methods->shm_unmap(below(file), remove);
}

#define COMMON                                                                                                         \
    .close = checked_close, .read = checked_read, .write = checked_write, .truncate = checked_truncate,               \
    .sync = checked_sync, .size = checked_size, .lock = checked_lock, .unlock = checked_unlock,                       \
    .reserved = checked_reserved, .control = checked_control, .sector = checked_sector,                               \
    .characteristics = checked_characteristics

/* By the version of the file below; pages are not mapped into memory, which version 3 would offer. */
static const Methods first_methods = {.version = 1, COMMON};
static const Methods second_methods = {
    .version = 2,
    COMMON,
    .shm_map = checked_shm_map,
    .shm_lock = checked_shm_lock,
    .shm_barrier = checked_shm_barrier,
    .shm_unmap = checked_shm_unmap,
};

static int vfs_open(Vfs *vfs, const char *name, File *file, int flags, int *out_flags)
{
    if (!(flags & (OPEN_MAIN_DB | OPEN_WAL)))
        return base(vfs)->open(base(vfs), name, file, flags, out_flags);
    Checked *checked = (Checked *)file;
    File *under = below(file);
    memset(checked, 0, sizeof *checked);
    under->methods = NULL;
    int failed = base(vfs)->open(base(vfs), name, under, flags, out_flags);
    if (!under->methods)
        return failed;
    file->methods = under->methods->version < 2 ? &first_methods : &second_methods;
    if (failed)
        return failed; /* SQLite closes what has methods */
    checked->is_log = (flags & OPEN_WAL) != 0;
    checked->header_at = -1;
    checked->rewritten = INT64_MAX;
    int64_t size = 0;
    if (!checked->is_log && under->methods->size(under, &size) == SQLITE_OK && size == 0)
        checked->checked = 1; /* a new file; Database reserves the bytes before its first page is written */
    return SQLITE_OK;
}

static int vfs_remove(Vfs *vfs, const char *name, int sync_folder)
{
    return base(vfs)->remove(base(vfs), name, sync_folder);
}

static int vfs_access(Vfs *vfs, const char *name, int flags, int *result)
{
    return base(vfs)->access(base(vfs), name, flags, result);
}

static int vfs_full_path(Vfs *vfs, const char *name, int size, char *out)
{
    return base(vfs)->full_path(base(vfs), name, size, out);
}

static void *vfs_dl_open(Vfs *vfs, const char *name)
{
    return base(vfs)->dl_open(base(vfs), name);
}

static void vfs_dl_error(Vfs *vfs, int size, char *message)
{
    base(vfs)->dl_error(base(vfs), size, message);
}

static void (*vfs_dl_symbol(Vfs *vfs, void *handle, const char *symbol))(void)
{
    return base(vfs)->dl_symbol(base(vfs), handle, symbol);
}

static void vfs_dl_close(Vfs *vfs, void *handle)
{
    base(vfs)->dl_close(base(vfs), handle);
}

static int vfs_randomness(Vfs *vfs, int size, char *out)
{
    return base(vfs)->randomness(base(vfs), size, out);
}

static int vfs_sleep(Vfs *vfs, int microseconds)
{
    return base(vfs)->sleep(base(vfs), microseconds);
}

static int vfs_time(Vfs *vfs, double *days)
{
    return base(vfs)->time(base(vfs), days);
}

static int vfs_last_error(Vfs *vfs, int size, char *message)
{
    return base(vfs)->last_error(base(vfs), size, message);
}

static int vfs_time_ms(Vfs *vfs, int64_t *milliseconds)
{
    return base(vfs)->time_ms(base(vfs), milliseconds);
}

/* -- registering -------------------------------------------------------------------------------------------------- */

/* The entry point that SQLite calls; keeps what its table offers. */
__attribute__((visibility("default"))) int leindex_pages_init(void *connection, char **message, void *const *api);

int leindex_pages_init(void *connection, char **message, void *const *api)
{
    (void)connection, (void)message;
    find_vfs = (FindVfs)(uintptr_t)api[API_VFS_FIND];
    register_vfs = (RegisterVfs)(uintptr_t)api[API_VFS_REGISTER];
    return SQLITE_OK_LOAD_PERMANENTLY;
}

/* check_pages(name, base, /): makes a VFS `name` over the VFS `base` ("" for the default one); it stays until the
 * process ends. */
static PyObject *check_pages(PyObject *self, PyObject *args)
{
    (void)self;
    const char *name, *base_name;
    if (!PyArg_ParseTuple(args, "ss", &name, &base_name))
        return NULL;
    if (!find_vfs || !register_vfs) {
        PyErr_SetString(PyExc_RuntimeError, "SQLite has not loaded this module as an extension yet");
        return NULL;
    }
    if (find_vfs(name))
        Py_RETURN_NONE;
    Vfs *under = find_vfs(*base_name ? base_name : NULL);
    if (!under) {
        PyErr_Format(PyExc_ValueError, "there is no VFS %s", base_name);
        return NULL;
    }
    size_t length = strlen(name) + 1;
    Vfs *vfs = calloc(1, sizeof *vfs + length);
    if (!vfs)
        return PyErr_NoMemory();
    memcpy(vfs + 1, name, length);
    *vfs = (Vfs){
        .version = under->version < 2 ? under->version : 2,
        .file_size = (int)sizeof(Checked) + under->file_size,
        .longest_path = under->longest_path,
        .name = (const char *)(vfs + 1),
        .data = under,
        .open = vfs_open,
        .remove = vfs_remove,
        .access = vfs_access,
        .full_path = vfs_full_path,
        .dl_open = vfs_dl_open,
        .dl_error = vfs_dl_error,
        .dl_symbol = vfs_dl_symbol,
        .dl_close = vfs_dl_close,
        .randomness = vfs_randomness,
        .sleep = vfs_sleep,
        .time = vfs_time,
        .last_error = vfs_last_error,
        .time_ms = vfs_time_ms,
    };
    if (register_vfs(vfs, 0) != SQLITE_OK) {
        free(vfs);
        PyErr_SetString(PyExc_RuntimeError, "SQLite refused the VFS");
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {{"check_pages", check_pages, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};

int add_pages(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}

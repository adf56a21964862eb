/*
 * A disk whose power can be cut (tests/e2e/power_cut.rs), preloaded into the server. For each file in the folder
 * POWER_CUT_FOLDER, it records in the folder POWER_CUT_RECORD what a power cut could undo, before it happens:
 *
 * - INODE.undo: for each write and each change of the size, what the bytes and the size were before. A successful fsync
 *   or fdatasync of the file empties it.
 * - "names": for each name that is made or deleted, the inode that it had before, or 0. A sync of the folder empties
 *   it. As in POSIX, and unlike on ext4, a sync of a new file doesn't make its name durable.
 * - INODE.unlinked: a file whose name was deleted. The name can come back.
 *
 * After a `kill -9`, the page cache has the newest content, and the test chooses what of it the power cut leaves. A
 * sync that the kill interrupts may not have synced anything. Nothing is written during a sync: both take the lock.
 * If the test makes INODE.fuse, the process kills itself after as many changes and syncs of the file as it has bytes.
 * With POWER_CUT_LIES set, a sync does nothing and succeeds, as on a disk that never empties its cache.
 *
 * Only the calls that the server makes are here; a test notices if it makes others. The index of the WAL ("-shm") is
 * left out: it is a mapping, and the test deletes it. One process at a time may write.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A file, or at first the folder. `content` stays open: closing it would drop the process's locks on the file. */
struct file {
    ino_t inode;
    int content, undo;
};

/* The bytes from `offset` on that are about to change, as far as the file has any: at most `length`. */
struct undo {
    uint64_t offset, length, size_before;
    char before[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[1024];
static size_t file_count;
static dev_t device;
static int record;

static void fail(const char *what)
{
    dprintf(STDERR_FILENO, "power cut: %s: %s\n", what, strerror(errno));
    abort();
}

static int open_record(const char *name)
{
    int fd = syscall(SYS_openat, record, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        fail(name);
    return fd;
}

__attribute__((constructor)) static void start(void)
{
    const char *watched = getenv("POWER_CUT_FOLDER"), *side = getenv("POWER_CUT_RECORD");
    record = side ? syscall(SYS_openat, AT_FDCWD, side, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    struct stat folder;
    if (record < 0 || !watched || stat(watched, &folder))
        fail("POWER_CUT_FOLDER and POWER_CUT_RECORD must name folders");
    device = folder.st_dev;
    files[file_count++] = (struct file){folder.st_ino, -1, open_record("names")};
}

/* The name of a file, if it is directly in the folder, or else NULL. */
static const char *watched_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *end = strrchr(name, '-');
    int is_index = end && !strcmp(end, "-shm");
    char parent[PATH_MAX];
    struct stat found;
    snprintf(parent, sizeof parent, "%.*s.", (int)(name - path), path);
    int is_here = !stat(parent, &found) && found.st_ino == files[0].inode && found.st_dev == device;
    return is_here && !is_index ? name : NULL;
}

static struct file *find(ino_t inode)
{
    for (size_t i = 0; i < file_count; i++)
        if (files[i].inode == inode)
            return &files[i];
    return NULL;
}

/* Takes the lock and returns the file, if it is the folder or in it. Otherwise returns NULL. */
static struct file *lock_file(int fd, off_t *size)
{
    struct stat found;
    if (fstat(fd, &found) || found.st_dev != device)
        return NULL;
    pthread_mutex_lock(&lock);
    struct file *file = find(found.st_ino);
    if (!file)
        pthread_mutex_unlock(&lock);
    else if (fstat(fd, &found)) /* Another thread may have written meanwhile. */
        fail("fstat");
    *size = found.st_size;
    return file;
}

/* Kills the process if the file's fuse has burnt down. Otherwise takes a byte of the fuse, if there is one. */
static void burn(const struct file *file)
{
    char name[64];
    struct stat fuse;
    snprintf(name, sizeof name, "%ju.fuse", (uintmax_t)file->inode);
    if (fstatat(record, name, &fuse, 0))
        return;
    int fd = open_record(name);
    if (!fuse.st_size || syscall(SYS_ftruncate, fd, fuse.st_size - 1))
        kill(getpid(), SIGKILL);
    close(fd);
}

/* Records what is there from `offset` to `end`, which is about to change. */
static void remember(const struct file *file, off_t offset, off_t end, off_t size)
{
    /* A write behind the end also fills what is between. */
    off_t start = offset < size ? offset : size, old = end < size ? end - start : size - start;
    struct undo *undo = malloc(sizeof *undo + old);
    *undo = (struct undo){start, end - start, size};
    if (pread(file->content, undo->before, old, start) != old)
        fail("the old bytes can't be read");
    if (syscall(SYS_write, file->undo, undo, sizeof *undo + old) != (long)sizeof *undo + old)
        fail("the record can't be written");
    free(undo);
    burn(file);
}

static struct file *watch(const char *path, ino_t inode)
{
    char name[64];
    if (find(inode))
        return find(inode);
    int content = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (content < 0 || file_count == sizeof files / sizeof *files)
        fail(path);
    snprintf(name, sizeof name, "%ju.undo", (uintmax_t)inode);
    files[file_count] = (struct file){inode, content, open_record(name)};
    return &files[file_count++];
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    const char *name = (flags & O_ACCMODE) == O_RDONLY ? NULL : watched_name(path);
    if (!name)
        return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    struct stat found;
    pthread_mutex_lock(&lock);
    if (flags & O_CREAT && stat(path, &found))
        dprintf(files[0].undo, "0 %s\n", name);
    int fd = syscall(SYS_openat, AT_FDCWD, path, flags & ~O_TRUNC, mode);
    if (fd >= 0 && !fstat(fd, &found)) {
        struct file *file = watch(path, found.st_ino);
        if (flags & O_TRUNC)
            remember(file, 0, found.st_size, found.st_size);
        if (flags & O_TRUNC && syscall(SYS_ftruncate, fd, 0))
            fail(path);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    off_t size;
    struct file *file = lock_file(fd, &size);
    if (file)
        remember(file, offset, offset + length, size);
    ssize_t written = syscall(SYS_pwrite64, fd, bytes, length, offset);
    if (file)
        pthread_mutex_unlock(&lock);
    return written;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    off_t size;
    struct file *file = lock_file(fd, &size);
    if (file) {
        off_t offset = fcntl(fd, F_GETFL) & O_APPEND ? size : lseek(fd, 0, SEEK_CUR);
        remember(file, offset, offset + length, size);
    }
    ssize_t written = syscall(SYS_write, fd, bytes, length);
    if (file)
        pthread_mutex_unlock(&lock);
    return written;
}

int ftruncate(int fd, off_t size)
{
    off_t before;
    struct file *file = lock_file(fd, &before);
    if (file)
        remember(file, size < before ? size : before, size < before ? before : size, before);
    int result = syscall(SYS_ftruncate, fd, size);
    if (file)
        pthread_mutex_unlock(&lock);
    return result;
}

static int sync_with(long call, int fd)
{
    off_t size;
    struct file *file = lock_file(fd, &size);
    if (!file)
        return syscall(call, fd);
    burn(file);
    int lies = getenv("POWER_CUT_LIES") != NULL, result = lies ? 0 : syscall(call, fd);
    if (!lies && !result && syscall(SYS_ftruncate, file->undo, 0))
        fail("the record can't be emptied");
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd) { return sync_with(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_with(SYS_fdatasync, fd); }

int unlink(const char *path)
{
    struct stat found;
    const char *name = watched_name(path);
    if (!name || lstat(path, &found))
        return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    char kept[64];
    snprintf(kept, sizeof kept, "%ju.unlinked", (uintmax_t)found.st_ino);
    pthread_mutex_lock(&lock);
    if (linkat(AT_FDCWD, path, record, kept, 0) && errno != EEXIST)
        fail(kept);
    dprintf(files[0].undo, "%ju %s\n", (uintmax_t)found.st_ino, name);
    int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) __attribute__((alias("pwrite")));
int ftruncate64(int fd, off64_t size) __attribute__((alias("ftruncate")));

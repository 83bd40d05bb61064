/* A disk and a network between mailflow and the kernel, for tests: preloaded into the process, it fails calls, kills
 * the process at one of them, and writes down in which order data was written, synced and sent.
 *
 * DISK_FOLDER  the data folder: files elsewhere are left alone, and so are -shm files, which a power cut ends anyway
 * DISK_CONTROL a file of `struct control`, shared with the test, which may change it at any time
 * DISK_TRACE   where to write the trace, if one is wanted: a header, a name and the data for each call
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, SEND = 4, CUT = 8, NAME = 16, OPEN = 32, SYNCED = 64 };

struct control {
  int32_t kinds; /* which calls are meant */
  int32_t after; /* how many of them go well first */
  int32_t times; /* how many fail then; the rest goes well again */
  int32_t error; /* with which errno; 0: the process is killed instead */
};

struct header {
  int32_t kind, name_length;
  int64_t offset, length; /* a sync has its number as offset */
};

static struct control *control;
static char folder[4096];
static size_t folder_length;
static int trace = -1;
static int64_t syncs;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("DISK_CONTROL");
  if (!path || !getenv("DISK_FOLDER")) return;
  snprintf(folder, sizeof folder, "%s", getenv("DISK_FOLDER"));
  folder_length = strlen(folder);
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (getenv("DISK_TRACE"))
    trace = open(getenv("DISK_TRACE"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  control = shared == MAP_FAILED ? NULL : shared;
}

/* 0: the call may go on; else it fails with that errno. */
static int strike(int kind) {
  if (!control || !(control->kinds & kind)) return 0;
  if (__atomic_sub_fetch(&control->after, 1, __ATOMIC_SEQ_CST) >= 0) return 0;
  if (control->error == 0) {
    kill(getpid(), SIGKILL);
    pause();
  }
  return __atomic_sub_fetch(&control->times, 1, __ATOMIC_SEQ_CST) < 0 ? 0 : control->error;
}

static int is_ours(const char *path) {
  size_t length = strlen(path);
  if (!control || strncmp(path, folder, folder_length) != 0) return 0;
  return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

/* The name of an open file or folder of the data folder, below it; NULL for any other. */
static const char *file_of(int fd, char *path) {
  char link[32];
  if (!control) return NULL;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return NULL;
  path[length] = 0;
  return is_ours(path) ? path + folder_length : NULL;
}

/* The ports of a TCP connection over IPv4, as `ours>theirs`; NULL for any other file. */
static const char *connection_of(int fd, char *name) {
  struct sockaddr_in ours, theirs;
  socklen_t one = sizeof ours, other = sizeof theirs;
  if (!control) return NULL;
  if (getsockname(fd, (struct sockaddr *)&ours, &one) || ours.sin_family != AF_INET) return NULL;
  if (getpeername(fd, (struct sockaddr *)&theirs, &other)) return NULL;
  snprintf(name, 32, "%d>%d", ntohs(ours.sin_port), ntohs(theirs.sin_port));
  return name;
}

static void note(int kind, const char *name, int64_t offset, const void *data, int64_t length) {
  if (trace < 0) return;
  int64_t kept = data ? length : 0;
  struct header header = {kind, (int32_t)strlen(name), offset, length};
  struct iovec parts[] = {{&header, sizeof header},
                          {(void *)name, (size_t)header.name_length},
                          {(void *)data, (size_t)kept}};
  if (syscall(SYS_writev, trace, parts, 3) != (long)(sizeof header + strlen(name) + kept)) abort();
}

#define REAL(result, name, ...)                                       \
  static result (*real_##name)(__VA_ARGS__);                          \
  if (!real_##name) real_##name = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define STRIKE(kind)            \
  do {                          \
    int error = strike(kind);   \
    if (error) {                \
      errno = error;            \
      return -1;                \
    }                           \
  } while (0)

static ssize_t noted_write(int kind, const char *name, int64_t offset, const void *data,
                           ssize_t length) {
  if (length > 0) note(kind, name, offset, data, length);
  pthread_mutex_unlock(&order);
  return length;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
  char path[PATH_MAX];
  const char *name = file_of(fd, path);
  if (!name) return real_pwrite64(fd, data, length, offset);
  STRIKE(WRITE);
  pthread_mutex_lock(&order);
  return noted_write(WRITE, name, offset, data, real_pwrite64(fd, data, length, offset));
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
  return pwrite64(fd, data, length, offset);
}

ssize_t write(int fd, const void *data, size_t length) {
  REAL(ssize_t, write, int, const void *, size_t);
  char path[PATH_MAX], ports[32];
  const char *name = file_of(fd, path), *connection = name ? NULL : connection_of(fd, ports);
  if (!name && !connection) return real_write(fd, data, length);
  STRIKE(name ? WRITE : SEND);
  pthread_mutex_lock(&order);
  off_t offset = name ? lseek(fd, 0, SEEK_CUR) : 0;
  ssize_t done = real_write(fd, data, length);
  return noted_write(name ? WRITE : SEND, name ? name : connection, offset, data, done);
}

ssize_t send(int fd, const void *data, size_t length, int flags) {
  REAL(ssize_t, send, int, const void *, size_t, int);
  char ports[32];
  const char *connection = connection_of(fd, ports);
  if (!connection) return real_send(fd, data, length, flags);
  STRIKE(SEND);
  pthread_mutex_lock(&order);
  return noted_write(SEND, connection, 0, data, real_send(fd, data, length, flags));
}

/* What was sent in pieces is noted in pieces: one after another they are the stream. */
static ssize_t noted_pieces(const char *connection, const struct iovec *pieces, size_t count,
                            ssize_t done) {
  ssize_t left = done;
  for (size_t i = 0; i < count && left > 0; i++) {
    ssize_t length = (ssize_t)pieces[i].iov_len < left ? (ssize_t)pieces[i].iov_len : left;
    if (length > 0) note(SEND, connection, 0, pieces[i].iov_base, length);
    left -= length;
  }
  pthread_mutex_unlock(&order);
  return done;
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
  REAL(ssize_t, writev, int, const struct iovec *, int);
  char ports[32];
  const char *connection = connection_of(fd, ports);
  if (!connection) return real_writev(fd, pieces, count);
  STRIKE(SEND);
  pthread_mutex_lock(&order);
  return noted_pieces(connection, pieces, (size_t)count, real_writev(fd, pieces, count));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  REAL(ssize_t, sendmsg, int, const struct msghdr *, int);
  char ports[32];
  const char *connection = connection_of(fd, ports);
  if (!connection) return real_sendmsg(fd, message, flags);
  STRIKE(SEND);
  pthread_mutex_lock(&order);
  return noted_pieces(connection, message->msg_iov, message->msg_iovlen,
                      real_sendmsg(fd, message, flags));
}

/* A sync holds good for what was written before it began, and from when it has ended. */
static int noted_sync(int fd, int (*real)(int)) {
  char path[PATH_MAX];
  const char *name = file_of(fd, path);
  if (!name) return real(fd);
  STRIKE(SYNC);
  pthread_mutex_lock(&order);
  int64_t number = ++syncs;
  note(SYNC, name, number, NULL, 0);
  pthread_mutex_unlock(&order);
  int failed = real(fd);
  pthread_mutex_lock(&order);
  if (!failed) note(SYNCED, name, number, NULL, 0);
  pthread_mutex_unlock(&order);
  return failed;
}

int fsync(int fd) {
  REAL(int, fsync, int);
  return noted_sync(fd, real_fsync);
}

int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  return noted_sync(fd, real_fdatasync);
}

int ftruncate64(int fd, off64_t length) {
  REAL(int, ftruncate64, int, off64_t);
  char path[PATH_MAX];
  const char *name = file_of(fd, path);
  if (!name) return real_ftruncate64(fd, length);
  STRIKE(CUT);
  pthread_mutex_lock(&order);
  int failed = real_ftruncate64(fd, length);
  if (!failed) note(CUT, name, length, NULL, 0);
  pthread_mutex_unlock(&order);
  return failed;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int unlink(const char *path) {
  REAL(int, unlink, const char *);
  if (!is_ours(path)) return real_unlink(path);
  STRIKE(NAME);
  pthread_mutex_lock(&order);
  int failed = real_unlink(path);
  if (!failed) note(NAME, path + folder_length, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  return failed;
}

/* Of opening only the failure matters: who may write finds out here. */
static int opened(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
  if (is_ours(path) && (flags & O_ACCMODE) != O_RDONLY) STRIKE(OPEN);
  return real(path, flags, mode);
}

#define OPENS(name)                                  \
  int name(const char *path, int flags, ...) {       \
    REAL(int, name, const char *, int, ...);         \
    va_list rest;                                    \
    va_start(rest, flags);                           \
    mode_t mode = (mode_t)va_arg(rest, int);         \
    va_end(rest);                                    \
    return opened(real_##name, path, flags, mode);   \
  }

OPENS(open)
OPENS(open64)

// Stands before the C library's calls that change files, in every process of a run, to list them or to have one of them fail:
//
//     cc -shared -fPIC -O2 -o calls.so calls.c
//     LD_PRELOAD=calls.so CALLS_ROOT=DIR CALLS_LOG=FILE           a line for each call below DIR: `write model.safetensors 3`
//     LD_PRELOAD=calls.so CALLS_ROOT=DIR CALLS_POINT='write model.safetensors 3' CALLS_ACTION=kill
//
// A call is named by its kind, its path below DIR and how many of that kind went to that path before it in the process: names
// that do not depend on how threads and processes take turns. Actions: kill (before the call), torn (half of a write, then
// kill), short (half of a write), or the number of an error.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { most_files = 4096, most_names = 8192 };

static const char *root, *point, *action;
static int log_file = -1;
// What lies behind each descriptor, where it is below the root.
static char *opened[most_files];
static struct {
    char *name;
    int count;
} names[most_names];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    root = getenv("CALLS_ROOT");
    point = getenv("CALLS_POINT");
    action = getenv("CALLS_ACTION");
    const char *path = getenv("CALLS_LOG");
    if (path) log_file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static const char *below(const char *path) {
    if (!root || !path) return NULL;
    size_t count = strlen(root);
    return strncmp(path, root, count) == 0 && path[count] == '/' ? path + count + 1 : NULL;
}

enum verdict { go_on, fail, halve };

// Counts a call; where it is the one that was chosen, kills the process or says what is to be done.
static enum verdict met(const char *kind, const char *path, int torn_is_possible) {
    if (!path || (!point && log_file < 0)) return go_on;
    char name[512], text[600];
    snprintf(name, sizeof name, "%s %s", kind, path);
    // Names of drafts hold the process's number.
    char *partial = strstr(name, ".partial");
    if (partial) {
        char *start = partial;
        while (start > name && start[-1] >= '0' && start[-1] <= '9') start--;
        if (start < partial && start > name && start[-1] == '.') memmove(start - 1, partial, strlen(partial) + 1);
    }
    // Those of TensorBoard's files hold the time.
    char *moment = strstr(name, ".tfevents.");
    if (moment) moment[strlen(".tfevents")] = 0;
    pthread_mutex_lock(&lock);
    int place = 0;
    while (place < most_names && names[place].name && strcmp(names[place].name, name) != 0) place++;
    if (place == most_names) abort();
    if (!names[place].name) names[place].name = strdup(name);
    int number = names[place].count++;
    pthread_mutex_unlock(&lock);
    int count = snprintf(text, sizeof text, "%s %d\n", name, number);
    int is_chosen = point && strncmp(point, text, count - 1) == 0 && point[count - 1] == 0;
    if (log_file >= 0 && (!point || is_chosen)) syscall(SYS_write, log_file, text, count);
    if (!is_chosen) return go_on;
    if (strcmp(action, "kill") == 0) kill(getpid(), SIGKILL);
    if (strcmp(action, "torn") == 0 || strcmp(action, "short") == 0) return torn_is_possible ? halve : go_on;
    errno = atoi(action);
    return fail;
}

static const char *path_of(int file) { return file >= 0 && file < most_files ? opened[file] : NULL; }

static void note(int file, const char *path) {
    if (file < 0 || file >= most_files) return;
    free(opened[file]);
    opened[file] = path ? strdup(path) : NULL;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static void end_torn(void) { if (strcmp(action, "torn") == 0) kill(getpid(), SIGKILL); }

ssize_t write(int file, const void *bytes, size_t count) {
    REAL(write);
    enum verdict verdict = met("write", path_of(file), 1);
    if (verdict == fail) return -1;
    if (verdict == go_on) return real(file, bytes, count);
    ssize_t done = real(file, bytes, count > 1 ? count / 2 : count);
    end_torn();
    return done;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t start) {
    REAL(pwrite64);
    enum verdict verdict = met("write", path_of(file), 1);
    if (verdict == fail) return -1;
    if (verdict == go_on) return real(file, bytes, count, start);
    ssize_t done = real(file, bytes, count > 1 ? count / 2 : count, start);
    end_torn();
    return done;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t start) { return pwrite64(file, bytes, count, start); }

ssize_t writev(int file, const struct iovec *parts, int count) {
    REAL(writev);
    return met("write", path_of(file), 0) == fail ? -1 : real(file, parts, count);
}

#define ONE_FILE(name, kind)                                      \
    int name(int file) {                                          \
        REAL(name);                                               \
        return met(kind, path_of(file), 0) == fail ? -1 : real(file); \
    }
ONE_FILE(fsync, "fsync")
ONE_FILE(fdatasync, "fdatasync")

int close(int file) {
    REAL(close);
    note(file, NULL);
    return real(file);
}

int ftruncate64(int file, off64_t count) {
    REAL(ftruncate64);
    return met("truncate", path_of(file), 0) == fail ? -1 : real(file, count);
}

int ftruncate(int file, off_t count) { return ftruncate64(file, count); }

// Unlike the others, they return the error's number.
int posix_fallocate64(int file, off64_t start, off64_t count) {
    REAL(posix_fallocate64);
    return met("reserve", path_of(file), 0) == fail ? errno : real(file, start, count);
}

int posix_fallocate(int file, off_t start, off_t count) { return posix_fallocate64(file, start, count); }

int truncate(const char *path, off_t count) {
    REAL(truncate);
    return met("truncate", below(path), 0) == fail ? -1 : real(path, count);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    return met("rename", below(to), 0) == fail ? -1 : real(from, to);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    return met("mkdir", below(path), 0) == fail ? -1 : real(path, mode);
}

#define ONE_PATH(name, kind)                                    \
    int name(const char *path) {                                \
        REAL(name);                                             \
        return met(kind, below(path), 0) == fail ? -1 : real(path); \
    }
ONE_PATH(unlink, "unlink")
ONE_PATH(rmdir, "rmdir")

static int opens(int folder, const char *path, int flags, mode_t mode) {
    const char *name = below(path);
    if ((flags & O_CREAT) && met("create", name, 0) == fail) return -1;
    int file = syscall(SYS_openat, folder, path, flags, mode);
    if (file >= 0) note(file, name);
    return file;
}

#define OPENS(name)                                               \
    int name(const char *path, int flags, ...) {                  \
        va_list rest;                                             \
        va_start(rest, flags);                                    \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                             \
        return opens(AT_FDCWD, path, flags, mode);                \
    }
OPENS(open)
OPENS(open64)

int openat(int folder, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opens(folder, path, flags, mode);
}

// What a process of the run is started with: its own variables and those above, whatever else it inherits.
static char **with_variables(char *const *variables) {
    static const char *own[] = {"LD_PRELOAD", "CALLS_ROOT", "CALLS_LOG", "CALLS_POINT", "CALLS_ACTION"};
    size_t count = 0, more = sizeof own / sizeof own[0];
    while (variables[count]) count++;
    char **all = calloc(count + more + 1, sizeof(char *));
    memcpy(all, variables, count * sizeof(char *));
    for (size_t i = 0; i < more; i++) {
        const char *value = getenv(own[i]);
        if (value && asprintf(&all[count], "%s=%s", own[i], value) > 0) count++;
    }
    return all;
}

int posix_spawn(
    pid_t *process, const char *path, const posix_spawn_file_actions_t *files, const posix_spawnattr_t *attributes,
    char *const arguments[], char *const variables[]) {
    REAL(posix_spawn);
    return real(process, path, files, attributes, arguments, with_variables(variables));
}

int execve(const char *path, char *const arguments[], char *const variables[]) {
    REAL(execve);
    return real(path, arguments, with_variables(variables));
}

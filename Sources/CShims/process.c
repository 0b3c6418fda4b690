#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "CShims.h"

enum { MAX_CHILD_FDS = 32, CLOSE_RANGE_SET_CLOEXEC = 4, LAST_SIGNAL = 64 };

int sh_spawn(const struct sh_spawn *what, pid_t *pid, int *pidfd, int *stage) {
  if (what->fd_count < 0 || what->fd_count > MAX_CHILD_FDS) return EINVAL;
  // The vfork child shares our memory, so it can leave its error here.
  volatile int error = 0, failed = SH_STAGE_FORK;
  // No signal handler of ours may run in the child, whose memory is ours.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  pid_t parent = getpid();
  pid_t child = vfork();
  if (child == 0) {
#define FAIL(step)       \
  do {                   \
    error = errno;       \
    failed = (step);     \
    _exit(127);          \
  } while (0)
    struct sigaction ordinary;
    memset(&ordinary, 0, sizeof ordinary);
    ordinary.sa_handler = SIG_DFL;
    for (int s = 1; s <= LAST_SIGNAL; s++) sigaction(s, &ordinary, NULL);  // fails for KILL, STOP and libc's own
    if ((what->flags & SH_SPAWN_SETSID) && setsid() < 0) FAIL(SH_STAGE_SETSID);
    if (what->flags & SH_SPAWN_DIE_WITH_PARENT) {
      if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) FAIL(SH_STAGE_PDEATHSIG);
      if (getppid() != parent) _exit(127);
    }
    // Before descriptors move, and before the filter, which may deny what has come till then.
    if (what->landlock >= 0 && sh_landlock_restrict(what->landlock) < 0) FAIL(SH_STAGE_LANDLOCK);
    // First out of the way of the numbers they are to have, then onto them.
    int high[MAX_CHILD_FDS];
    for (int i = 0; i < what->fd_count; i++) {
      high[i] = what->fds[i] < 0 ? -1 : fcntl(what->fds[i], F_DUPFD_CLOEXEC, what->fd_count);
      if (what->fds[i] >= 0 && high[i] < 0) FAIL(SH_STAGE_FDS);
    }
    for (int i = 0; i < what->fd_count; i++) {
      if (high[i] < 0) close(i);
      else if (dup2(high[i], i) < 0) FAIL(SH_STAGE_FDS);
    }
    if (syscall(SYS_close_range, what->fd_count, ~0U, CLOSE_RANGE_SET_CLOEXEC)) FAIL(SH_STAGE_FDS);
    // After the descriptors: a limit on open files is the child's, not that of what the parent had open.
    for (int i = 0; i < what->rlimit_count; i++) {
      struct rlimit limit = {what->rlimits[i].soft, what->rlimits[i].hard};
      if (setrlimit(what->rlimits[i].resource, &limit)) FAIL(SH_STAGE_RLIMIT);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (what->filter) {
      struct sock_fprog program = {what->filter_length, (struct sock_filter *)what->filter};
      if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) FAIL(SH_STAGE_SECCOMP);
    }
    execve(what->path, what->argv, what->envp);
    FAIL(SH_STAGE_EXEC);
#undef FAIL
  }
  int fork_error = errno;
  sigprocmask(SIG_SETMASK, &before, NULL);
  *stage = failed;
  if (child < 0) return fork_error;
  if (error) {
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    return error;
  }
  *pid = child;
  *pidfd = sh_pidfd_open(child);
  return 0;
}

int sh_fork(void) {
  pid_t pid = fork();
  return pid < 0 ? -errno : pid;
}

int sh_pidfd_open(pid_t pid) {
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  return fd < 0 ? -errno : fd;
}

int sh_pidfd_signal(int pidfd, int signal) {
  return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) ? -errno : 0;
}

int sh_reap(pid_t *pid, int *status) {
  pid_t ended;
  do ended = waitpid(-1, status, WNOHANG);
  while (ended < 0 && errno == EINTR);
  if (ended < 0) return errno == ECHILD ? 0 : -errno;
  *pid = ended;
  return ended;
}

int sh_exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
int sh_term_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : -1; }

// What Swift cannot express: variadic calls, GNU-only declarations, control messages, and what runs between fork
// and exec. Every function returns -errno on failure unless it says otherwise.
#pragma once
#include <execinfo.h>
#include <gnu/libc-version.h>
#include <linux/netlink.h>
#include <netpacket/packet.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>

// fds.c: descriptors over sockets
// A machine with all its volumes gets 14.
enum { SH_MAX_FDS = 16 };

/// One datagram with up to SH_MAX_FDS descriptors; the number of bytes sent.
ssize_t sh_send_fds(int socket, const void *bytes, size_t length, const int *fds, int count);
/// One datagram. *count: room in fds, then how many came (all close-on-exec). A datagram or descriptor list that
/// does not fit is -EMSGSIZE, and what came with it is closed. pid, where not NULL: the kernel's word for the sender
/// on a socket with SO_PASSCRED, else -1.
ssize_t sh_recv_fds(int socket, void *bytes, size_t capacity, int *fds, int *count, pid_t *pid);
int sh_peer_credentials(int socket, pid_t *pid, uid_t *uid, gid_t *gid);
int sh_pass_credentials(int socket);
int sh_accept(int socket);

// memory.c: sealed memory files, and memory that is not needed now
/// A memfd with `length` bytes, sealed against every change.
int sh_sealed_memfd(const char *name, const void *bytes, size_t length);
/// 0 when the descriptor is a memfd sealed against writing, growing, shrinking and further seals, else -EINVAL.
int sh_check_sealed(int fd);
/// From now on blocks of 128 KiB and more go back to the kernel with their use. malloc otherwise takes the size of what was
/// given back for what will be needed again, and keeps up to 64 MiB.
void sh_give_back_large_memory_at_once(void);
/// Gives the kernel back what malloc keeps in store, and the pages of programs and libraries that were mapped from their
/// files and never written: those that are needed again come back from the page cache.
void sh_give_back_memory(void);

// process.c: children
enum { SH_SPAWN_SETSID = 1, SH_SPAWN_DIE_WITH_PARENT = 2 };
struct sh_rlimit {
  int resource;
  uint64_t soft, hard;
};
struct sh_spawn {
  const char *path;
  char *const *argv;
  char *const *envp;
  const int *fds;  // the child's descriptor i is fds[i]; -1: closed
  int fd_count;
  const struct sh_rlimit *rlimits;
  int rlimit_count;
  uint32_t flags;
  int landlock;  // a ruleset that binds the child, -1: none
  const void *filter;  // a seccomp filter for the child (struct sock_filter), NULL: none
  uint16_t filter_length;  // its instructions
};
/// The step of sh_spawn that failed, for the error message.
enum {
  SH_STAGE_FORK = 0,
  SH_STAGE_SETSID = 1,
  SH_STAGE_PDEATHSIG = 2,
  SH_STAGE_RLIMIT = 3,
  SH_STAGE_FDS = 4,
  SH_STAGE_EXEC = 5,
  SH_STAGE_LANDLOCK = 6,
  SH_STAGE_SECCOMP = 7
};
/// Starts a program by vfork: 0 or the errno (positive) of the step in *stage. *pidfd is close-on-exec.
int sh_spawn(const struct sh_spawn *what, pid_t *pid, int *pidfd, int *stage);
int sh_fork(void);
int sh_pidfd_open(pid_t pid);
int sh_pidfd_signal(int pidfd, int signal);
/// Reaps one ended child, whichever: its pid, 0 if none has ended, or -errno. *status is waitpid's.
int sh_reap(pid_t *pid, int *status);
int sh_exit_status(int status);  // -1: ended by a signal
int sh_term_signal(int status);  // -1: not ended by a signal

// kernel.c: calls that are variadic or GNU only
int sh_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int sh_close_from(int first);
int sh_set_ids(uid_t uid, gid_t gid, const gid_t *groups, int group_count);
int sh_rename_noreplace(int from_folder, const char *from, int to_folder, const char *to);
/// O_PATH; where `follow` is 0 a symbolic link is not followed.
int sh_open_path(int folder, const char *path, int follow);
/// O_PATH, by symbolic links too as long as they lead nowhere outside `folder`.
int sh_open_path_beneath(int folder, const char *path);
int sh_pipe(int fds[2]);

// build.c: what only the build knows
/// "development" where nobody told.
const char *sh_version(void);
/// The commit of the sources, "unknown" where nobody told.
const char *sh_commit(void);

// landlock.c
/// The kernel's Landlock ABI, from 1; negative where it has none.
int sh_landlock_abi(void);
/// A descriptor of a new set of rules that handles these accesses.
int sh_landlock_ruleset(int abi, uint64_t fs, uint64_t net, uint64_t scoped);
int sh_landlock_allow_path(int ruleset, int fd, uint64_t access);
int sh_landlock_allow_port(int ruleset, uint16_t port, uint64_t access);
/// Binds this thread; needs no_new_privs.
int sh_landlock_restrict(int ruleset);

// What an attempt and its test need and Swift cannot express: any system call by its number, what only GNU's C has.
#pragma once
#include <linux/keyctl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

/// The result, or -errno.
long probe_syscall(long number, long a, long b, long c, long d, long e, long f);
/// The last part of argv[0], which Swift reads from /proc.
const char *probe_program_name(void);
/// pipe2 with O_CLOEXEC; 0, or -errno.
int probe_pipe(int ends[2]);
/// Closes descriptors from `first` on in the child; 0, or an error number.
int probe_close_from(posix_spawn_file_actions_t *actions, int first);

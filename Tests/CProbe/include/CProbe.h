// What an attempt needs and Swift cannot express: any system call by its number.
#pragma once
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

/// The result, or -errno.
long probe_syscall(long number, long a, long b, long c, long d, long e, long f);
/// The last part of argv[0], which Swift reads from /proc.
const char *probe_program_name(void);

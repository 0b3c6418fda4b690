#include "CProbe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

long probe_syscall(long number, long a, long b, long c, long d, long e, long f) {
  long result = syscall(number, a, b, c, d, e, f);
  return result < 0 ? -errno : result;
}

const char *probe_program_name(void) { return program_invocation_short_name; }

int probe_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }

int probe_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

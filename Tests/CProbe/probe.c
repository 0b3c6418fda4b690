#include "CProbe.h"

#include <errno.h>
#include <unistd.h>

long probe_syscall(long number, long a, long b, long c, long d, long e, long f) {
  long result = syscall(number, a, b, c, d, e, f);
  return result < 0 ? -errno : result;
}

const char *probe_program_name(void) { return program_invocation_short_name; }

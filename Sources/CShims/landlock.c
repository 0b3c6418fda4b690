// Landlock by raw system calls: the C library has no functions for it, and older kernel headers lack its later parts.
#include <errno.h>
#include <unistd.h>

#include "CShims.h"

enum {
  CREATE_RULESET = 444,
  ADD_RULE = 445,
  RESTRICT_SELF = 446,
  CREATE_RULESET_VERSION = 1,
  RULE_PATH_BENEATH = 1,
  RULE_NET_PORT = 2
};

struct ruleset_attributes {
  uint64_t fs, net, scoped;
};
struct path_beneath {
  uint64_t access;
  int32_t fd;
} __attribute__((packed));
struct net_port {
  uint64_t access, port;
};

static int result(long value) { return value < 0 ? -errno : (int)value; }

int sh_landlock_abi(void) { return result(syscall(CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION)); }

int sh_landlock_ruleset(int abi, uint64_t fs, uint64_t net, uint64_t scoped) {
  struct ruleset_attributes attributes = {fs, net, scoped};
  // Each of these fields came with a later kernel, which refuses no shorter structure.
  size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  return result(syscall(CREATE_RULESET, &attributes, size, 0));
}

int sh_landlock_allow_path(int ruleset, int fd, uint64_t access) {
  struct path_beneath rule = {access, fd};
  return result(syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0));
}

int sh_landlock_allow_port(int ruleset, uint16_t port, uint64_t access) {
  struct net_port rule = {access, port};
  return result(syscall(ADD_RULE, ruleset, RULE_NET_PORT, &rule, 0));
}

int sh_landlock_restrict(int ruleset) { return result(syscall(RESTRICT_SELF, ruleset, 0)); }

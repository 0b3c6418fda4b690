#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <unistd.h>

#include "CShims.h"

int sh_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
  int result = prctl(option, a, b, c, d);
  return result < 0 ? -errno : result;
}

int sh_close_from(int first) { return syscall(SYS_close_range, first, ~0U, 0) ? -errno : 0; }

int sh_set_ids(uid_t uid, gid_t gid, const gid_t *groups, int group_count) {
  if (setgroups((size_t)group_count, groups)) return -errno;
  if (setresgid(gid, gid, gid)) return -errno;
  if (setresuid(uid, uid, uid)) return -errno;
  return 0;
}

int sh_rename_noreplace(int from_folder, const char *from, int to_folder, const char *to) {
  return renameat2(from_folder, from, to_folder, to, RENAME_NOREPLACE) ? -errno : 0;
}

int sh_open_path(int folder, const char *path, int follow) {
  int fd = openat(folder, path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
  return fd < 0 ? -errno : fd;
}

int sh_open_path_beneath(int folder, const char *path) {
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
  return fd < 0 ? -errno : fd;
}

int sh_pipe(int fds[2]) { return pipe2(fds, O_CLOEXEC) ? -errno : 0; }

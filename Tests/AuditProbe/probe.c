// Stands in for launcher-stats in the tests of the audit: takes every right that launcher-stats has and no other, but
// for one alteration, which the file `alteration` beside the program names. Then it waits for its end.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static char alteration[64];

static int is(const char *name) { return strcmp(alteration, name) == 0; }

static void check(int failed, const char *step) {
  if (!failed) return;
  perror(step);
  exit(1);
}

static void read_alteration(void) {
  char path[PATH_MAX] = {0};
  check(readlink("/proc/self/exe", path, sizeof path - 32) < 0, "readlink");
  FILE *file = fopen(strcat(dirname(path), "/alteration"), "re");
  check(!file || !fgets(alteration, sizeof alteration, file), "read the alteration");
  fclose(file);
}

static void bound(int resource, rlim_t value) {
  struct rlimit limit;
  check(getrlimit(resource, &limit), "getrlimit");
  if (limit.rlim_max < value) value = limit.rlim_max;
  limit = (struct rlimit){value, value};
  check(setrlimit(resource, &limit), "setrlimit");
}

static void become(unsigned uid, unsigned gid) {
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    if (!(is("bounding capability") && capability == CAP_KILL))
      check(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "drop from the bounding set");
  gid_t extra = gid + 1;
  check(setgroups(is("group"), &extra), "setgroups");
  // The front end has locked the bit with which capabilities are kept otherwise.
  int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
  check(prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "keep capabilities");
  if (is("user")) uid += 1000;
  check(setresgid(gid, gid, gid) || setresuid(uid, uid, uid), "become the user");
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0}};
  if (is("permitted capability")) data[0].permitted = 1 << CAP_KILL;
  check(syscall(SYS_capset, &header, data), "capset");
}

static void filter(void) {
  struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {1, &allow};
  check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "load a filter");
}

static void listen_on_loopback(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  // As descriptor 0, which is looked at for nothing else.
  close(0);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  check(fd || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1), "listen");
}

static void *idle(void *nothing) {
  // The change of user interrupts it.
  for (;;) pause();
  return nothing;
}

int main(int count, char **arguments) {
  unsigned uid = 0, gid = 0;
  for (int i = 1; i < count; i++) sscanf(arguments[i], "-user=%u:%u", &uid, &gid);
  pid_t parent = getppid();
  check(syscall(SYS_close_range, 3, ~0U, 0), "close_range");
  read_alteration();
  if (is("thread")) {
    pthread_t thread;
    check(pthread_create(&thread, NULL, idle, NULL), "start a thread");
  }
  bound(RLIMIT_CORE, 0);
  bound(RLIMIT_NOFILE, 65536);
  bound(RLIMIT_FSIZE, is("limit") ? 1UL << 40 : 1UL << 31);
  become(uid, gid);
  if (is("stranger") && fork() == 0) parent = getppid();
  bound(RLIMIT_NPROC, 0);
  check(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent, "tie to the parent");
  if (is("descriptor")) check(open("/etc/passwd", O_RDONLY) < 0, "open");
  if (is("listener")) listen_on_loopback();
  if (is("writable code"))
    check(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED, "mmap");
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  if (!is("no filter")) filter();
  check(prctl(PR_SET_DUMPABLE, is("dumpable"), 0, 0, 0), "dumpable");
  for (;;) pause();
}

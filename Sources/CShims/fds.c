#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "CShims.h"

ssize_t sh_send_fds(int socket, const void *bytes, size_t length, const int *fds, int count) {
  if (count < 0 || count > SH_MAX_FDS) return -EINVAL;
  struct iovec iov = {(void *)bytes, length};
  union {
    char bytes[CMSG_SPACE(sizeof(int) * SH_MAX_FDS)];
    struct cmsghdr align;
  } control;
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
  if (count > 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
  }
  ssize_t n;
  do n = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : n;
}

ssize_t sh_recv_fds(int socket, void *bytes, size_t capacity, int *fds, int *count, pid_t *pid) {
  int room = *count, got = 0;
  *count = 0;
  if (pid) *pid = -1;
  struct iovec iov = {bytes, capacity};
  union {
    char bytes[CMSG_SPACE(sizeof(int) * SH_MAX_FDS) + CMSG_SPACE(sizeof(struct ucred))];
    struct cmsghdr align;
  } control;
  struct msghdr message = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t n;
  do n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0) return -errno;
  int bad = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    if (c->cmsg_type == SCM_RIGHTS) {
      int sent = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      for (int i = 0; i < sent; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
        if (!bad && got < room) {
          fds[got++] = fd;
        } else {
          close(fd);
          bad = 1;
        }
      }
    } else if (c->cmsg_type == SCM_CREDENTIALS && pid) {
      struct ucred who;
      memcpy(&who, CMSG_DATA(c), sizeof who);
      *pid = who.pid;
    }
  }
  if (bad) {
    for (int i = 0; i < got; i++) close(fds[i]);
    return -EMSGSIZE;
  }
  *count = got;
  return n;
}

int sh_peer_credentials(int socket, pid_t *pid, uid_t *uid, gid_t *gid) {
  struct ucred who;
  socklen_t length = sizeof who;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &length)) return -errno;
  *pid = who.pid;
  *uid = who.uid;
  *gid = who.gid;
  return 0;
}

int sh_pass_credentials(int socket) {
  int on = 1;
  return setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) ? -errno : 0;
}

int sh_accept(int socket) {
  int fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  return fd < 0 ? -errno : fd;
}

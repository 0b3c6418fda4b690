import Glibc

/// Runs a program found in PATH to its end; its exit status, or -1.
@discardableResult
public func run(_ arguments: String...) -> Int32 {
  var pointers = arguments.map { strdup($0) }
  pointers.append(nil)
  defer { for pointer in pointers { free(pointer) } }
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
  var pid: pid_t = 0
  guard posix_spawnp(&pid, arguments[0], &actions, nil, pointers, environ) == 0 else { return -1 }
  var status: Int32 = 0
  while waitpid(pid, &status, 0) < 0 { guard errno == EINTR else { return -1 } }
  return status & 0x7f == 0 ? status >> 8 & 0xff : -1
}

// What is other where each machine is shown in a window of the operator's desktop (`-with-ui=window`).
//
// An X client makes a socket and connects it to the display. A machine that may do this reaches every socket of its
// user, other machines' monitors among them: neither Landlock nor seccomp tells one path from another. So QEMU has the
// right to neither. launcher-vmm makes the connection and hands it over as standard input, descriptor 0; and the two
// system calls by which QEMU's X library would make one are not carried out but answered by 0. To the library that is
// a new socket, number 0, and a connection that is made.

extension ProcessRights {
  /// QEMU's, or the spawner's, which bounds what it starts.
  public var withWindow: ProcessRights {
    var rights = self
    if isForeign { rights.seccomp.rules += displayConnection }
    if case .domain(var policy) = landlock {
      policy.files += desktopFiles
      rights.landlock = .domain(policy)
    }
    return rights
  }
}

/// In QEMU's own filter, which the kernel prefers to the spawner's older one: that refuses all other sockets.
let displayConnection = [
  rule(
    "socket", when: [argument(0, is: afUnix), argument(1, is: sockStream | oCloseOnExec)], failing: 0,
    because: "what libxcb takes for a new socket is standard input: the connection to the display"),
  rule("connect", when: [argument(0, is: 0)], failing: 0, because: "launcher-vmm has connected it to the display"),
]

let desktopFiles: [FileRule] =
  allow(
    .read, .path("/etc/fonts"), .path("/usr/share/fontconfig"), .path("/var/cache/fontconfig"),
    .path("/usr/share/fonts"), because: "fonts of the window's menus")
  + allow(.read, .path("/usr/share/icons"), .path("/usr/share/themes"), because: "its icons and looks")
  + allow(.read, .path("/usr/share/mime"), because: "of what kind an icon's file is")
  + allow(.read, .path("/usr/share/glib-2.0/schemas"), because: "GTK's settings")

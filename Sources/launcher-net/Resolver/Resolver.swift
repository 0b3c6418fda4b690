import CShims
import Channel
import Confinement
import Glibc
import Glog
import Linux
import Rights
import Settings

/// A child of launcher-net that resolves host names: the C library's resolver blocks, opens files and loads modules,
/// none of which the confined launcher-net may. It is forked before the confinement and dies with its parent.
enum Resolver {
  /// Forks the resolver; returns in the parent with its end of the channel. The child never returns.
  static func fork(_ options: Settings) throws(SystemError) -> Descriptor {
    try ChildFork.fork("net-resolver") { socket in
      log.configure(options.log.early)
      do {
        try Confinement.dropPrivileges(to: options.user, rights: .resolver)
        let logSettings = options.logSettings(of: .net, part: "launcher-net-resolver")
        log.configure(logSettings)
        // The parent decides about SIGINT and SIGTERM, which reach a whole foreground process group.
        signal(SIGINT, SIG_IGN)
        signal(SIGTERM, SIG_IGN)
        try options.confine(.resolver, as: .net, logSettings)
      } catch {
        log.fatal("resolver: \(error)")
      }
      serve(socket)
      exit(0)
    }
  }

  /// Answers one request after the other until the parent ends the channel.
  private static func serve(_ socket: Descriptor) {
    while true {
      var ready = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
      guard poll(&ready, 1, -1) == 1 || errno == EINTR else { return }
      switch Datagram.receive(socket) {
      case .none: continue
      case .ended, .failed: return
      case .message(let bytes, let descriptors):
        guard isConfigurationReadable else { return }
        guard let request = try? MessageCoding.decode(ResolveRequest.self, bytes, descriptors) else { return }
        guard Datagram.send(MessageCoding.encode(answer(request.host)), [], socket) == 0 else { return }
      }
    }
  }

  /// A file that was replaced since the confinement is another one to Landlock, and not readable. This process then
  /// ends, and with it launcher-net, to be started anew.
  private static var isConfigurationReadable: Bool {
    for path in NameService.files {
      let file = open(path, O_RDONLY | O_CLOEXEC)
      if file < 0, errno == EACCES {
        log.warning("resolver: \(path) was replaced; starting anew to read it")
        return false
      }
      if file >= 0 { close(file) }
    }
    return true
  }

  private static func answer(_ host: String) -> ResolveAnswer {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    guard code == 0 else {
      return ResolveAnswer(host: host, addresses: [], failure: String(cString: gai_strerror(code)))
    }
    defer { freeaddrinfo(list) }
    var addresses: [String] = []
    var next = list
    while let entry = next {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      if getnameinfo(
        entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
      {
        addresses.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
      }
      next = entry.pointee.ai_next
    }
    return ResolveAnswer(host: host, addresses: addresses, failure: addresses.isEmpty ? "no address" : "")
  }
}

import Netlink

/// What the network child makes of the kernel's answers.
func readNetlink(_ bytes: [UInt8]) {
  guard let answers = try? NetlinkAnswer.all(in: bytes) else { return }
  for answer in answers {
    if let link = try? Link(answer) {
      require(link.name.utf8.count <= bytes.count && link.alias.utf8.count <= 3 * bytes.count, "\(link) grew")
    }
    _ = try? LinkAddress(answer)
  }
}

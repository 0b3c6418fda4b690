import Glibc
import Glog

/// How machines run on this node.
enum Accelerators {
  static func choose(_ wanted: Options.Virtualisation) -> QEMUCommandLine.Accelerator {
    switch wanted {
    case .kvm: return .kvm
    case .software: return .tcg
    case .auto:
      return .tcg
    }
  }
}

import CCap
import CSeccomp

extension Confinement {
  /// The libraries that confine: libseccomp as it is loaded, libcap as it was built against, for it does not tell.
  public static func libraryVersions() -> [(name: String, version: String)] {
    let seccomp = seccomp_version().map { "\($0.pointee.major).\($0.pointee.minor).\($0.pointee.micro)" }
    return [("libcap", "\(LIBCAP_MAJOR).\(LIBCAP_MINOR)"), ("libseccomp", seccomp ?? "unknown")]
  }
}

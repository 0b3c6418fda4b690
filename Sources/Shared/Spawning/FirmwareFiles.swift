import Glibc
import JSON
import Linux

/// EFI firmware of the node: code that all machines share and, where it comes in two files, the template of each
/// machine's variables. Firmware in one file keeps no variables beyond a machine's end.
public struct FirmwareFiles: Equatable, Sendable {
  public static let variablesName = "efi-variables.fd"
  /// Bytes: the largest template that distributions ship is 4 MiB.
  private static let largestTemplate = 8 * 1_048_576

  /// Searched in order: what distributions ship as code and variables, then as one file.
  private static let places: [(code: String, variables: String?)] = [
    // Debian and Ubuntu
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    // Fedora
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    // Clear Linux
    ("/usr/share/qemu/OVMF_CODE.fd", "/usr/share/qemu/OVMF_VARS.fd"),
    ("/usr/share/qemu/OVMF.fd", nil),
    // Debian's firmware in one file
    ("/usr/share/ovmf/OVMF.fd", nil),
  ]

  public let code: String
  /// nil: the firmware is one file.
  let variablesTemplate: String?

  /// Handles of its files, for those who may read them.
  public func handles() throws(SystemError) -> [Descriptor] {
    var handles: [Descriptor] = []
    for file in [code, variablesTemplate].compactMap(\.self) { handles.append(try .name(file, followingLinks: true)) }
    return handles
  }

  var codeDrive: JSONValue {
    [
      "driver": "raw", "node-name": "firmware", "read-only": true,
      "file": ["driver": "file", "filename": .string(code), "read-only": true],
    ]
  }

  /// Puts a machine's own variables into its folder, durably, unless they are there.
  public func ensureVariables(in folder: Descriptor) throws {
    var status = stat()
    guard let variablesTemplate, fstatat(folder.raw, Self.variablesName, &status, AT_SYMLINK_NOFOLLOW) != 0 else {
      return
    }
    try Files.create(
      Self.variablesName, Files.read(variablesTemplate, limit: Self.largestTemplate), in: folder)
    try Files.sync(Self.variablesName, in: folder)
  }
}

extension FirmwareFiles {
  /// What the distribution has installed; nil when that is nothing.
  public static func installed(isThere: (String) -> Bool = { access($0, R_OK) == 0 }) -> FirmwareFiles? {
    places.first { isThere($0.code) && ($0.variables.map(isThere) ?? true) }.map {
      FirmwareFiles(code: $0.code, variablesTemplate: $0.variables)
    }
  }

  /// The firmware in `file`. Where its name says that it is the code, and its variables stand beside it, it is both.
  public static func chosen(_ file: String, isThere: (String) -> Bool = { access($0, R_OK) == 0 }) -> FirmwareFiles? {
    guard isThere(file) else { return nil }
    let slash = file.lastIndex(of: "/") ?? file.startIndex
    guard let word = file[slash...].firstRange(of: "CODE") else {
      return FirmwareFiles(code: file, variablesTemplate: nil)
    }
    let variables = file.replacingCharacters(in: word, with: "VARS")
    return FirmwareFiles(code: file, variablesTemplate: isThere(variables) ? variables : nil)
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}

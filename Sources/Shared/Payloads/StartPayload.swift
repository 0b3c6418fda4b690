import Instances

/// What a START payload asks for.
public struct StartPayload: Equatable, Sendable {
  public var spec: InstanceSpec
  /// The cloud-config as the sender wrote it; empty when there is none.
  public var userData: [UInt8]
  /// The JSON meta-data as the sender wrote it; nil when there is none.
  public var metaData: [UInt8]?
  /// `restart: true`: the instance was there before, here or elsewhere.
  public var isRestart: Bool

  public init(spec: InstanceSpec, userData: [UInt8] = [], metaData: [UInt8]? = nil, isRestart: Bool = false) {
    self.spec = spec
    self.userData = userData
    self.metaData = metaData
    self.isRestart = isRestart
  }
}

/// Reads a START payload: one to three YAML documents in UTF-8, in any order.
///
/// - The document with the top-level key `start` gives the instance. Fields of the start section that stand beside
///   `start` and are missing in it belong to it. If the document has other keys, it is a cloud-config, and what is
///   left of it is the user data; if it has none, nothing of it reaches the guest.
/// - A document without `start` is meta-data if it begins with `{`, unless its first line is a `#cloud-config`
///   comment; otherwise it is the user data. Two user data or two meta-data are refused: the guest takes one.
/// - The guest's bytes are the sender's. Separators (`---`, `...`), directives, and a byte order mark belong to the
///   stream and are left out; comments before a document belong to it, except before JSON and where they would
///   precede the `#cloud-config` line.
///
/// The instance's place in its tenant's network must be one that this kind of node can give it.
public func parseStart(_ bytes: [UInt8], for node: NodeNetwork = .none) throws(PayloadError) -> StartPayload {
  let (scan, text) = try scanPayload(bytes, InstanceCommand.start.payloadKey)
  func refuse(_ message: String) -> PayloadError {
    PayloadError(reason: .invalidData, instance: scan.instance, isRestart: scan.isRestart, message: message)
  }

  var (document, section) = try scan.sectionDocument
  var adopted: Set<StartField> = []
  for field in StartField.allCases where field.mayStandBeside {
    guard let value = document.beside[field], section.adopt(field, value) else { continue }
    adopted.insert(field)
    if document.repeated.contains(field) { section.note("the key `\(field.rawValue)` occurs twice") }
  }
  var spec: InstanceSpec
  let isRestart: Bool
  do {
    let fields = try StartFields(section)
    spec = try fields.spec()
    isRestart = try fields.flag(.restart)
  } catch {
    throw refuse(error.problem)
  }
  spec.network.subnet = spec.network.subnet?.normal
  if let problem = spec.networkProblem(on: node) { throw refuse(problem) }

  var userData: [[UInt8]] = []
  var metaData: [[UInt8]] = []
  for document in scan.documents {
    let cut = DocumentCut(text, document)
    if document.section != nil {
      let rest = cut.bytes { name in
        switch name {
        case .section: true
        case .field(let field): adopted.contains(field)
        case .other: false
        }
      }
      if let rest { userData.append(rest) }
    } else if document.root == .mapping(isFlow: true), !cut.hasCloudConfigHeader {
      metaData.append(cut.json)
    } else if let whole = cut.bytes(removing: { _ in false }) {
      userData.append(whole)
    }
  }
  guard userData.count <= 1 else { throw refuse("it has more than one cloud-config document") }
  guard metaData.count <= 1 else { throw refuse("it has more than one meta-data document") }
  if spec.container != nil {
    do {
      spec.container?.command = try ContainerFields.command(in: userData.first ?? [])
      spec.container?.hostName = try ContainerFields.hostName(in: metaData.first)
    } catch {
      throw refuse(error.problem)
    }
  }
  return StartPayload(
    spec: spec, userData: userData.first ?? [], metaData: metaData.first, isRestart: isRestart)
}

/// Reads the payload of STOP, RESTART or DELETE: the instance that it is about. Unknown keys are ignored.
public func parseTarget(_ bytes: [UInt8], of command: InstanceCommand) throws(PayloadError) -> Identifier {
  try readFields(bytes, command.payloadKey) { (fields) throws(FieldError) in try fields.instance() }
}

/// What a DELETE payload asks for.
public struct DeletePayload: Equatable, Sendable {
  public var instance: Identifier
  /// `stop: true`: the instance leaves this node, and will go on elsewhere or later.
  public var isStop: Bool
}

/// Reads the payload of DELETE. Unknown keys are ignored.
public func parseDelete(_ bytes: [UInt8]) throws(PayloadError) -> DeletePayload {
  try readFields(bytes, InstanceCommand.delete.payloadKey) { (fields) throws(FieldError) in
    DeletePayload(instance: try fields.instance(), isStop: try fields.flag(.stop))
  }
}

/// Reads the payload of EVACUATE or Restore: the node that it is for. Unknown keys are ignored.
public func parseNode(_ bytes: [UInt8], of command: NodeCommand) throws(PayloadError) -> Identifier {
  try readFields(bytes, command.payloadKey) { (fields) throws(FieldError) in try fields.node() }
}

private func readFields<Value>(
  _ bytes: [UInt8], _ sectionKey: String, _ read: (StartFields) throws(FieldError) -> Value
) throws(PayloadError) -> Value {
  let (scan, _) = try scanPayload(bytes, sectionKey)
  let (_, section) = try scan.sectionDocument
  do { return try read(StartFields(section)) } catch {
    throw PayloadError(reason: .invalidData, instance: scan.instance, message: error.problem)
  }
}

/// What AttachVolume and DetachVolume are about.
public struct VolumeTarget: Equatable, Sendable {
  public var instance: Identifier
  public var volume: Identifier
}

/// Reads the payload of AttachVolume or DetachVolume, which names the node that it is for: this one.
public func parseVolumeTarget(
  _ bytes: [UInt8], of command: InstanceCommand, nodeUUID: String
) throws(PayloadError) -> VolumeTarget {
  let (scan, _) = try scanPayload(bytes, command.payloadKey)
  let (_, section) = try scan.sectionDocument
  do { return try StartFields(section).volumeTarget(nodeUUID: nodeUUID) } catch {
    throw PayloadError(
      reason: .invalidData, instance: scan.instance, volume: section.volume, message: error.problem)
  }
}

private func scanPayload(
  _ bytes: [UInt8], _ sectionKey: String
) throws(PayloadError) -> (PayloadScan, YAMLText) {
  var scan = PayloadScan(sectionKey: sectionKey)
  do {
    let text = try YAMLEventReader.read(bytes, limits: YAMLLimits()) { (reader) throws(YAMLError) -> YAMLText in
      try scan.read(reader)
      return reader.text
    }
    return (scan, text)
  } catch {
    throw PayloadError(error, instance: scan.instance, isRestart: scan.isRestart)
  }
}

extension PayloadScan {
  /// The one document that has the command's section, and the section.
  fileprivate var sectionDocument: (PayloadDocument, PayloadSection) {
    get throws(PayloadError) {
      guard documentCount <= Self.maximumDocuments else {
        throw refused("it has \(documentCount) documents; at most \(Self.maximumDocuments) are taken")
      }
      let found = documents.compactMap { document in document.section.map { (document, $0) } }
      guard let first = found.first else { throw refused("no document has the key `\(sectionKey)`") }
      guard found.count == 1 else { throw refused("more than one document has the key `\(sectionKey)`") }
      return first
    }
  }

  private func refused(_ message: String) -> PayloadError {
    PayloadError(reason: .invalidData, instance: instance, isRestart: isRestart, message: message)
  }
}

import CYaml

/// The libyaml that is loaded.
public var yamlLibraryVersion: String { String(cString: yaml_get_version_string()) }

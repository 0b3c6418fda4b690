// Numbers of the kernel's ABI (uapi headers) that conditions on arguments need.

let afUnix = 1
let afInet = 2
let afInet6 = 10
let afNetlink = 16

let sockStream = 1
let sockDatagram = 2
let sockSeqpacket = 5
/// SOCK_CLOEXEC | SOCK_NONBLOCK
let sockFlags = 0o2_000_000 | 0o4_000
/// The bits of socket(2)'s type that are no flags.
let sockTypeMask = 0xf

let msgFastOpen = 0x2000_0000

let solSocket = 1
let ipProtoTCP = 6
let tcpNoDelay = 1
let tcpKeepIdle = 4
let tcpKeepInterval = 5
let tcpKeepCount = 6
let tcpUserTimeout = 18
let tcpULP = 31
let soError = 4
let soKeepAlive = 9
let soPassCred = 16
let soPeerCred = 17
/// SOL_IP with IP_RECVERR, SOL_IPV6 with IPV6_RECVERR
let solIP = 0
let ipReceiveErrors = 11
let solIPv6 = 41
let ipv6ReceiveErrors = 25

let protWrite = 2
let protExec = 4

let fGetFlags = 3
let fSetFlags = 4
let fGetSeals = 1034
let fAddSeals = 1033
/// F_GETFD and F_SETFD are 1 and 2.
let fSetDescriptorFlags = 2

let oCloseOnExec = 0o2_000_000

/// O_RDWR | O_CLOEXEC
let oReadWriteCloseOnExec = 0o2 | oCloseOnExec

/// TUNSETIFF, TUNSETPERSIST, TUNSETOWNER and TUNGETIFF
let tunSetInterface = 0x4004_54ca
let tunSetPersistent = 0x4004_54cb
let tunSetOwner = 0x4004_54cc
let tunGetInterface = 0x8004_54d2
/// TUNSETLINK, TUNSETGROUP and TUNSETIFINDEX
let tunSetLink = 0x4004_54cd
let tunSetGroup = 0x4004_54ce
let tunSetIndex = 0x4004_54da
/// SIOCSIFHWADDR, which tun devices take as well
let setHardwareAddress = 0x8924

/// The bits of a mode that say what kind of file it is of (S_IFMT), and those of a named pipe (S_IFIFO).
let fileType = 0o170_000
let namedPipe = 0o010_000

let cloneThread = 0x0001_0000

let fionread = 0x541b

let sigAbort = 6
let sigKill = 9

let eNoSys: Int32 = 38
let eAccess: Int32 = 13
let eAddressFamilyNotSupported: Int32 = 97

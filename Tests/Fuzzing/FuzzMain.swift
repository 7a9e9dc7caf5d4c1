import Systems

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ take: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// What the process was started for.
private let chosen = FuzzTarget.all.first { $0.name == CommandLine.arguments.dropFirst().first }

/// libFuzzer's own `main` asks for it when it is linked.
@_cdecl("LLVMFuzzerTestOneInput")
func takeInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen?.take(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

/// `Fuzzing TARGET [libFuzzer's options]…`; `Fuzzing TARGET verdicts`, which reads paths, a line each, and says for each what
/// it is refused for, or nothing; without a target, lists them. SwiftPM calls a program's beginning `<module>_main`, which is
/// this one instead of libFuzzer's.
@_cdecl("Fuzzing_main")
func start(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
    guard let target = chosen else {
        for target in FuzzTarget.all { print(target.name, target.longest) }
        return CommandLine.argc > 1 ? ExitCode.badInput.rawValue : 0
    }
    if CommandLine.arguments.dropFirst(2).first == "verdicts" {
        while let path = readLine() {
            let bytes = (try? File.read(path, limit: 1 << 20)) ?? []
            print(target.refusals(of: bytes).joined(separator: "; ").split(separator: "\n").joined(separator: " "))
        }
        return 0
    }
    // The target's name stands where the program's did.
    var (left, rest) = (count - 1, arguments + 1)
    return runDriver(&left, &rest, takeInput)
}

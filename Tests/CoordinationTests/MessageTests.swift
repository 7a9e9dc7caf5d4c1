import Coordination
import Runs
import TestPlans
import Testing

@Suite struct MessageTests {
    private let fromWorkers: [WorkerMessage] = [
        .step(
            .init(
                step: 7, lossSums: [12.25, -1], targetCount: 64, learningRate: 1e-3, start: 1, end: .max, busy: 5,
                peakBytes: 9
            )),
        .step(
            .init(
                step: 0, lossSums: [], targetCount: nil, learningRate: 0, start: 0, end: 0, busy: 0, peakBytes: 0)),
        .step(
            .init(
                step: 1, lossSums: [-.infinity], targetCount: 0, learningRate: 0.5, start: 0, end: 0, busy: 0,
                peakBytes: 0
            )),
        .gradientSquares(step: 3, squares: [1, 0.5, .infinity], isFinite: false),
        .gradientSquares(step: 0, squares: [], isFinite: true), .diverged(step: 4, nil),
        .diverged(step: 4, NonFiniteTensor(.weightGradient, microBatch: 3, node: 2, index: 1, isNaN: true)),
        .events([]), .events([1, 2, 255]), .weightsWritten(bytes: 1 << 40), .bestWritten(step: 20, bytes: 1 << 40),
        .evaluated(.init(step: 20, lossSums: [12.25, -1], targetCount: nil, nanoseconds: .max)),
        .evaluated(.init(step: 0, lossSums: [], targetCount: 99, nanoseconds: 0)),
        .saved(.init(step: 9, files: [], state: [], stalled: 0, took: .max)),
        .saved(
            .init(
                step: 9, files: [.init(name: "optimizer/ä", byteCount: 1 << 40, hash: "00ff")],
                state: Array("{}".utf8), stalled: 5, took: 6)),
        .kept(KeptStates(own: [8: [1, 2], 9: []], mirrored: [8, 9])), .kept(KeptStates()),
        .notSaved(step: 9, reason: "cannot write ä: No space left on device"),
    ]
    private let fromCoordinator: [CoordinatorMessage] = [
        .begin(steps: 3..<9, weightsFile: "w", origin: .checkpoint(folder: "/r/steps/00000003")),
        .begin(
            steps: 7..<9, weightsFile: "w",
            origin: .kept(
                KeptStart(
                    state: Array("{}".utf8),
                    transfers: [
                        .init(from: 2, to: 1, tensors: ["3.weight", "3.weight.exp_avg", "ä"]),
                        .init(from: 0, to: 3, tensors: []),
                    ], evaluates: true))),
        .word(.init(step: 9, moves: true)),
        .begin(steps: 0..<9, weightsFile: "w", rewound: .init(leftOut: 1 << 40, count: 10)),
        .word(.init(step: 7)), .word(.init(step: 8, folder: "/r/steps/ä", ends: true)),
        .begin(steps: 0..<9, weightsFile: nil), .begin(steps: 3..<3, weightsFile: "runs/ä b/model.safetensors.partial"),
        .gradientSquares(step: 9, total: 2.5), .othersAreFinite(step: 3, false), .leave,
        .afterEvaluation(step: 20, weightsFile: nil), .afterEvaluation(step: 0, weightsFile: "/r/best/ä.partial"),
    ]

    @Test func `what is sent is what is read`() throws {
        for message in fromWorkers { #expect(try WorkerMessage(message.encoded()) == message) }
        for message in fromCoordinator { #expect(try CoordinatorMessage(message.encoded()) == message) }
    }

    @Test func `a message that ends early or goes on too long is refused`() {
        for message in fromWorkers {
            if case .events = message { continue }
            let bytes = message.encoded()
            for count in 0..<bytes.count {
                if case .gradientSquares = message, count >= 10, (count - 10).isMultiple(of: 8) { continue }
                if case .diverged(_, .some) = message, count == 9 { continue }
                // Its files, or its reason, end with it.
                if case .saved(let part) = message, count == bytes.count - (part.files.isEmpty ? 0 : 40) { continue }
                if case .notSaved = message, count >= 9 { continue }
                #expect(throws: MessageError.self) { try WorkerMessage(Array(bytes.prefix(count))) }
            }
            if case .notSaved = message { continue }
            #expect(throws: MessageError.self) { try WorkerMessage(bytes + [0]) }
        }
        for message in [CoordinatorMessage.gradientSquares(step: 9, total: 2.5), .leave] {
            let bytes = message.encoded()
            for count in 0..<bytes.count {
                #expect(throws: MessageError.self) { try CoordinatorMessage(Array(bytes.prefix(count))) }
            }
            #expect(throws: MessageError.self) { try CoordinatorMessage(bytes + [0]) }
        }
    }

    @Test func `numbers that would overflow the coordinator's sums are refused`() {
        let huge = [UInt8](repeating: 0xff, count: 7) + [0x7f]
        let negative = [UInt8](repeating: 0xff, count: 8)
        for number in [huge, negative] {
            #expect(throws: MessageError.self) { try WorkerMessage([3] + number) }
            #expect(throws: MessageError.self) { try WorkerMessage([4] + number) }
            #expect(throws: MessageError.self) { try WorkerMessage([1] + number + [UInt8](repeating: 0, count: 60)) }
            #expect(throws: MessageError.self) {
                try CoordinatorMessage([1] + number + [UInt8](repeating: 0, count: 8))
            }
        }
    }

    @Test func `no bytes make it trap`() throws {
        var numbers = Numbers(state: 1)
        var plan = try StepAssembly(Plans.make())
        for _ in 0..<20_000 {
            var bytes = (0..<numbers.next(below: 80)).map { _ in UInt8(numbers.next(below: 256)) }
            if !bytes.isEmpty { bytes[0] = UInt8(numbers.next(below: 7)) }
            switch try? WorkerMessage(bytes) {
            case .step(let part): _ = plan.add(part, rank: 0)
            case .gradientSquares(let step, let squares, _): _ = plan.add(squares: squares, step: step, rank: 1)
            default: break
            }
            _ = try? CoordinatorMessage(bytes)
        }
    }

    @Test func `an unknown kind is named`() {
        #expect(message { try WorkerMessage([99]) } == "a worker's message of unknown kind 99")
        #expect(message { try CoordinatorMessage([0]) } == "a coordinator's message of unknown kind 0")
    }
}

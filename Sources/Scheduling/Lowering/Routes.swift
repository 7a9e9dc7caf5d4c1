/// Which messages each instruction needs and makes, over which links, and in which order each link carries them.
struct Routes: Sendable {
    /// One edge in one direction, over one link.
    struct Route: Sendable {
        let edge: Int
        let direction: Message.Direction
        let link: Int
    }

    private(set) var links: [Link] = []
    private(set) var messagesOfLink: [Int] = []
    private let microBatches: Int
    private var routes: [Route] = []
    /// What each stage's forward, and its backward, receives and sends: indices of routes, in the order of the edges.
    private var needed: Rows
    private var made: Rows
    /// The sequence of each message on its link, by route and micro-batch.
    private var sequences: [Int32]

    /// Lists of route indices, one for each stage and half, end to end.
    private struct Rows {
        private var starts: [Int] = [0]
        private(set) var indices: [Int] = []

        init(_ rows: [[Int]]) {
            for row in rows {
                indices += row
                starts.append(indices.count)
            }
        }

        func range(_ row: Int) -> Range<Int> { starts[row]..<starts[row + 1] }
    }

    /// For a schedule whose instructions are all there, and edges that fit it.
    init(_ schedule: Schedule, edges: [Edge]) {
        microBatches = schedule.microBatches
        var needed = [[Int]](repeating: [], count: 2 * schedule.stageCount)
        var made = needed
        var linkOfPair: [Link: Int] = [:]
        (self.needed, self.made, sequences) = (Rows([]), Rows([]), [])
        for (index, edge) in edges.enumerated() {
            let (from, to) = (schedule.rankOfStage[edge.from], schedule.rankOfStage[edge.to])
            guard from != to else { continue }
            made[2 * edge.from].append(routes.count)
            needed[2 * edge.to].append(routes.count)
            add(index, .forward, over: Link(from: from, to: to), &linkOfPair)
            guard edge.carriesGradient else { continue }
            made[2 * edge.to + 1].append(routes.count)
            needed[2 * edge.from + 1].append(routes.count)
            add(index, .backward, over: Link(from: to, to: from), &linkOfPair)
        }
        self.needed = Rows(needed)
        self.made = Rows(made)
        sequences = [Int32](repeating: -1, count: routes.count * microBatches)
        for instructions in schedule.ranks { number(instructions) }
    }

    private mutating func add(
        _ edge: Int, _ direction: Message.Direction, over link: Link, _ linkOfPair: inout [Link: Int]
    ) {
        let known = linkOfPair[link] ?? links.count
        if known == links.count {
            linkOfPair[link] = known
            links.append(link)
            messagesOfLink.append(0)
        }
        routes.append(Route(edge: edge, direction: direction, link: known))
    }

    /// Numbers what a rank sends, in its order.
    private mutating func number(_ instructions: [Instruction]) {
        for instruction in instructions {
            for made in makes(instruction) {
                let index = self.made.indices[made]
                sequences[index * microBatches + instruction.microBatch] = Int32(messagesOfLink[routes[index].link])
                messagesOfLink[routes[index].link] += 1
            }
        }
    }

    /// Positions that `need(_:of:)` takes.
    func needs(_ instruction: Instruction) -> Range<Int> {
        instruction.pass == .backwardWeight ? 0..<0 : needed.range(Self.row(instruction))
    }

    /// Positions that `made(_:by:)` takes.
    func makes(_ instruction: Instruction) -> Range<Int> {
        instruction.pass == .backwardWeight ? 0..<0 : made.range(Self.row(instruction))
    }

    func need(_ position: Int, of instruction: Instruction) -> (route: Route, sequence: Int) {
        message(needed.indices[position], instruction)
    }

    func made(_ position: Int, by instruction: Instruction) -> (route: Route, sequence: Int) {
        message(made.indices[position], instruction)
    }

    private func message(_ index: Int, _ instruction: Instruction) -> (route: Route, sequence: Int) {
        (routes[index], Int(sequences[index * microBatches + instruction.microBatch]))
    }

    private static func row(_ instruction: Instruction) -> Int {
        2 * instruction.stage + (instruction.pass == .forward ? 0 : 1)
    }
}

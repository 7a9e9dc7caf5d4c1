import Scheduling
import Testing

/// The schedules whose pipeline is folded in a V.
@Suite struct FoldedTests {
    @Test func `ZB-V and V-Half are drawn as in their documentation`() throws {
        #expect(
            try Schedule.zeroBubbleV(ranks: 2, microBatches: 4).grid() == """
                rank 0 0F00F1···3F03I03W00F23F13I10I03W10W00F33F23I20I13W20W13F33I30I23W30I30W20W3
                rank 1 ···1F02F01F12F12I01I02W01W01F22F22I11I12W11W11F32F32I21I22W22I31I31W22W31W3
                """)
        #expect(
            try Schedule.vHalf(ranks: 3, microBatches: 4).grid() == """
                rank 0 0F00F1·········5F05I05W00F2···5F15I15W10I00W00F35F25I25W20I10W15F35I30I25W30W2···0I30W3
                rank 1 ···1F0······4F01F1···4I04W04F11F21I04I14W14F21W01F31I14I24W24F31W11I24I31W24W31I31W3···
                rank 2 ······2F03F0······2F13F13I03W02I02W02F23F23I13W12I12W12F33F33I22I23W22W23I32I33W32W3···
                """)
    }

    @Test func `ZB-V is drawn for four ranks and eight micro-batches`() throws {
        #expect(
            try Schedule.zeroBubbleV(ranks: 4, microBatches: 8).grid() == """
                rank 0 0F00F10F20F3·········7F07I07W00F47F17I17W10F57F27I27W20F67F37I30I07W30W00F77F47I40I17W40W1\
                7F57I50I27W50W27F67I60I37W60W37F77I70I47W70I50W40I60W50I70W60W7
                rank 1 ···1F01F11F2······6F01F36F16I06W01F46F26I16W11F56F36I21I06W21W01F66F46I31I16W31W11F76F56I4\
                1I26W41W26F66I51I36W51W36F76I61I46W66I71I51W41I66W71I71W51W61W7
                rank 2 ······2F02F1···5F02F25F12F35F25I05W02F45F35I12I05W12W02F55F45I22I15W22W12F65F55I32I25W32W2\
                2F75F65I42I35W42W35F75I52I45W55I62I52W45I72I65W62I72W55W72W62W7
                rank 3 ·········3F04F03F14F13F24F23F34F34I03I04W03W03F44F44I13I14W13W13F54F54I23I24W23W23F64F64I3\
                3I34W33W33F74F74I43I44W44I53I53W44I63I64W54I73I73W54W63W64W73W7
                """)
        #expect(
            try Schedule.vHalf(ranks: 4, microBatches: 8).grid() == """
                rank 0 0F00F10F2············7F07I07W00F3···7F17I17W10F4···7F27I27W20I00W00F57F37I37W30I10W10F67F4\
                7I47W40I20W20F77F57I57W50I30W37F67I67W60I40W4···7F77I70I57W70W5···0I60W60I70W7
                rank 1 ···1F01F1·········6F01F2···6I06W06F11F3···6I16W16F21F41I06I26W26F31W01F51I16I36W36F41W11F6\
                1I26I46W46F51W21F71I36I56W56F61W3···1I46I66W66F71I51W46I71W56W71I61W61I71W7···
                rank 2 ······2F02F1···5F0······2F25F15I05W0···2F35F25I15W12I02W02F45F35I25W22I12W12F55F45I35W32I2\
                2W22F65F55I45W42I32W32F75F65I55W52I42W45F75I62I55W62W5···5I72I65W72I72W62W7···
                rank 3 ·········3F04F03F14F1······3F2···4I04W04F23F33I04I14W14F33W03F43I14I24W24F43W13F53I24I34W3\
                4F53W23F63I34I44W44F63W33F73I44I54W54F73I53W44I63I63W54W63W64I73I74W73W7······
                """)
    }

    @Test func `rank r owns stage r and stage 2p − 1 − r`() {
        #expect(Schedule.zeroBubbleV(ranks: 3, microBatches: 1).rankOfStage == [0, 1, 2, 2, 1, 0])
        #expect(Schedule.vHalf(ranks: 1, microBatches: 1).rankOfStage == [0, 0])
    }

    @Test func `ZB-V idles only while the last rank waits for its first forward`() throws {
        for ranks in 1...12 {
            for microBatches in ranks...(3 * ranks) {
                let step = try unitStep(.zeroBubbleV(ranks: ranks, microBatches: microBatches))
                #expect(step.makespan == Double(6 * microBatches + ranks - 1), "\(ranks) \(microBatches)")
                #expect(step.busy == [Double](repeating: Double(6 * microBatches), count: ranks))
            }
        }
    }

    @Test func `ZB-V holds as much as 1F1B`() {
        for ranks in 1...12 {
            for microBatches in 1...(3 * ranks) {
                let schedule = Schedule.zeroBubbleV(ranks: ranks, microBatches: microBatches)
                for rank in 0..<ranks { #expect(schedule.inFlight(rank: rank) <= 2 * ranks) }
            }
        }
    }

    @Test func `V-Half holds half and idles about half of 1F1B`() throws {
        for ranks in 1...12 {
            let bound = ranks.isMultiple(of: 2) ? ranks + 2 : ranks + 1
            for microBatches in 1...(3 * ranks) {
                let schedule = Schedule.vHalf(ranks: ranks, microBatches: microBatches)
                for rank in 0..<ranks {
                    #expect(schedule.inFlight(rank: rank) <= bound)
                    #expect(schedule.inFlight(rank: rank, until: .inputGradient) <= schedule.inFlight(rank: rank))
                }
                // In its half-size units 1F1B would idle for 6 · (p − 1).
                guard microBatches >= ranks else { continue }
                let idle = try unitStep(schedule).makespan - Double(6 * microBatches)
                #expect(idle <= Double(6 * (ranks - 1)) * 0.53 + 0.5, "\(ranks) \(microBatches) \(idle)")
            }
        }
    }
}

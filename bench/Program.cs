using System.ComponentModel;
using System.Globalization;
using DmaBuf.Bench;
using DmaBuf.Lab;

const string Usage =
    "options: --quick, --only core|channels|pictures|video|cmdlets|processes|xen|xen-streams|kvm, --module PATH"
    + " (default: $DMABUFPS_MODULE, or else out/DmaBufPS), --arch x64|arm64 (of the Xen host, with --only xen)";

const string Xen = "xen";
const string XenStreams = "xen-streams";
const string Kvm = "kvm";

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is [VideoSuite.SenderRole, .. var words])
    return VideoSuite.Send(words);
string[] parts = ["core", "channels", "pictures", "video", "cmdlets", "processes"];
var quick = false;
var target = new XenTarget(MachineArchitecture.OfThisComputer);
var module = Environment.GetEnvironmentVariable("DMABUFPS_MODULE") ?? Path.Combine(Workshop.Root, "out/DmaBufPS");
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--quick":
            quick = true;
            break;
        case "--only" when i + 1 < args.Length
            && (parts.Contains(args[i + 1]) || args[i + 1] is Xen or XenStreams or Kvm):
            parts = [args[++i]];
            break;
        case "--arch" when i + 1 < args.Length && MachineArchitecture.Find(args[i + 1]) is { } architecture:
            target = new XenTarget(architecture);
            i++;
            break;
        case "--module" when i + 1 < args.Length:
            module = args[++i];
            break;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
}

if (target.Architecture.IsForeign && parts is not [Xen or XenStreams])
{
    Console.Error.WriteLine(Usage);
    return 2;
}

try
{
    if (parts is [Xen or XenStreams])
        target.Compile();
    else if (parts is [Kvm])
        Workshop.PreparePages();
    else
        Workshop.Prepare();
}
catch (Exception e) when (e is Win32Exception or InvalidOperationException)
{
    Console.Error.WriteLine($"Cannot compile the C baseline: {e.Message} Install {target.CompilerPackages}.");
    return 1;
}

if (parts is [Xen or XenStreams])
    return await XenSuite.RunAsync(target, quick, streamsOnly: parts is [XenStreams]);
if (parts is [Kvm])
    return await KvmSuite.RunAsync(quick);

Console.WriteLine($"Buffers: {BenchBuffer.Kind}. File output goes to {Path.GetDirectoryName(Workshop.OutputFile)}.");
var manifest = Path.Combine(Path.GetFullPath(module), "DmaBufPS.psd1");
var rows = new List<Row>();
var left = "";
foreach (var part in parts)
{
    var needsModule = part is not ("core" or "channels" or "pictures" or "video");
    if (needsModule && !PwshProgram.Exists)
        left = "Left out, because there is no pwsh: the cmdlets, Import-Module and whole processes.";
    else if (needsModule && !File.Exists(manifest))
        left = $"Left out, because there is no {manifest} (run the task Build): the cmdlets, Import-Module and whole"
            + " processes.";
    else
    {
        Console.WriteLine($"Measuring: {part}");
        rows.AddRange(part switch
        {
            "core" => CoreSuite.Run(quick),
            "channels" => ChannelSuite.Run(quick),
            "pictures" => PictureSuite.Run(quick),
            "video" => VideoSuite.Run(quick),
            "cmdlets" => CmdletSuite.Run(manifest, quick),
            _ => ProcessSuite.Run(manifest, quick),
        });
    }
}

Console.WriteLine();
Console.WriteLine($"Medians on {BenchBuffer.Kind}. Ratio: C's time divided by ours; above 1, ours is faster.");
ResultTable.Print(rows, Console.Out);
if (left.Length > 0)
    Console.WriteLine(left);
return 0;

using System.Runtime.ExceptionServices;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Frames;

/// <summary>
/// The one thread of the process that calls SDL2, which starts with the first window and ends with the last. It serves
/// the events of all windows, and rests while nothing happens.
/// </summary>
internal static class SdlThread
{
    private const int RestMilliseconds = 1000;

    /// <summary>What SDL and the libraries below it read, and a script may have set for .NET only.</summary>
    private static readonly string[] s_variables =
        ["SDL_VIDEODRIVER", "SDL_RENDER_DRIVER", "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR"];

    private static readonly object s_sync = new();
    private static readonly Queue<Action> s_actions = new();

    // Used by the thread alone.
    private static readonly List<PictureWindow> s_windows = [];
    private static Thread? s_thread;
    private static int s_users;
    private static volatile bool s_isInitialized;
    private static int s_isWoken;

    /// <summary>Makes a window, and serves it until <see cref="Remove"/>.</summary>
    /// <exception cref="DisplayException">NoLibrary, NoDisplay, NoWindow.</exception>
    public static void Add(PictureWindow window)
    {
        ExceptionDispatchInfo? failure = null;
        Run(1, () =>
        {
            try
            {
                Initialize();
                window.Create();
                s_windows.Add(window);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
                Release();
            }
        });
        failure?.Throw();
    }

    /// <summary>Frees a window.</summary>
    public static void Remove(PictureWindow window) => Run(0, () =>
    {
        window.Destroy();
        s_windows.Remove(window);
        Release();
    });

    /// <summary>Has the thread look for something to do. Allocates nothing.</summary>
    public static void Wake()
    {
        if (!s_isInitialized || Interlocked.Exchange(ref s_isWoken, 1) != 0)
            return;
        var wake = new Sdl2.SDL_Event { type = Sdl2.SDL_USEREVENT };
        _ = Sdl2.SDL_PushEvent(ref wake);
    }

    /// <summary>Runs an action on the thread, and waits for its end.</summary>
    private static void Run(int newUsers, Action action)
    {
        using var done = new ManualResetEventSlim();
        lock (s_sync)
        {
            s_users += newUsers;
            s_actions.Enqueue(() =>
            {
                action();
                done.Set();
            });
            if (s_thread is null)
            {
                s_thread = new Thread(Serve) { IsBackground = true, Name = "SDL" };
                s_thread.Start();
            }

            Monitor.PulseAll(s_sync);
        }

        Wake();
        done.Wait();
    }

    private static void Serve()
    {
        while (true)
        {
            Volatile.Write(ref s_isWoken, 0);
            Action? next;
            lock (s_sync)
            {
                if (!s_actions.TryDequeue(out next) && !s_isInitialized)
                {
                    if (s_users == 0)
                    {
                        s_thread = null;
                        return;
                    }

                    Monitor.Wait(s_sync);
                    continue;
                }
            }

            if (next is not null)
            {
                next();
                continue;
            }

            foreach (var window in s_windows)
                window.Draw();
            if (Sdl2.SDL_WaitEventTimeout(out var item, RestMilliseconds) != 0)
                Dispatch(item);
        }
    }

    private static void Dispatch(in Sdl2.SDL_Event item)
    {
        var closes = item.type switch
        {
            Sdl2.SDL_QUIT => true,
            Sdl2.SDL_WINDOWEVENT => item.windowEvent == Sdl2.SDL_WINDOWEVENT_CLOSE,
            Sdl2.SDL_KEYDOWN => item.sym is Sdl2.SDLK_ESCAPE or Sdl2.SDLK_q,
            _ => false,
        };
        foreach (var window in s_windows)
        {
            if (item.type != Sdl2.SDL_QUIT && window.Id != item.windowID)
                continue;
            if (closes)
                window.Destroy();
            else if (item.type == Sdl2.SDL_WINDOWEVENT)
                window.Invalidate();
        }
    }

    private static void Initialize()
    {
        if (s_isInitialized)
            return;
        if (!Sdl2.TryLoad())
        {
            throw new DisplayException(DisplayFault.NoLibrary, "SDL2 (libSDL2-2.0.so.0) is not installed.",
                "Install it: on Debian, 'apt-get install libsdl2-2.0-0'.");
        }

        foreach (var name in s_variables)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                _ = Sdl2.SDL_setenv(name, value, 1);
        }

        // Ctrl+C stays the program's.
        _ = Sdl2.SDL_SetHint("SDL_NO_SIGNAL_HANDLERS", "1");
        _ = Sdl2.SDL_SetHint("SDL_VIDEO_ALLOW_SCREENSAVER", "1");
        var reason = Sdl2.SDL_Init(Sdl2.SDL_INIT_VIDEO) < 0 ? Sdl2.Error : WhyNobodySees(Sdl2.VideoDriver);
        if (reason is not null)
        {
            Sdl2.SDL_Quit();
            throw new DisplayException(
                DisplayFault.NoDisplay,
                $"SDL2 has no display to use: {reason.TrimEnd('.')}.",
                "Work in a session of X11 or Wayland (see the variables DISPLAY and WAYLAND_DISPLAY), or on the "
                + "console of a machine with a graphics card (SDL_VIDEODRIVER=kmsdrm).");
        }

        s_isInitialized = true;
    }

    /// <summary>Whether nobody could see a window: SDL falls back to drivers that have no display.</summary>
    private static string? WhyNobodySees(string driver) =>
        driver is "offscreen" or "dummy" && Environment.GetEnvironmentVariable("SDL_VIDEODRIVER") != driver
            ? $"only its driver {driver} works here"
            : null;

    private static void Release()
    {
        lock (s_sync)
        {
            if (--s_users > 0 || s_windows.Count > 0)
                return;
        }

        if (!s_isInitialized)
            return;
        s_isInitialized = false;
        Sdl2.SDL_Quit();
    }
}

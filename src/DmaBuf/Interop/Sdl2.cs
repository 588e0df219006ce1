using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>
/// SDL2 (SDL_video.h, SDL_render.h, SDL_events.h), loaded when it is first used. Only one thread calls it, except where
/// noted.
/// </summary>
internal static unsafe partial class Sdl2
{
    public const uint SDL_INIT_VIDEO = 0x20;
    public const int SDL_WINDOWPOS_UNDEFINED = 0x1FFF0000;
    public const uint SDL_WINDOW_RESIZABLE = 0x20;
    public const uint SDL_RENDERER_SOFTWARE = 0x1;
    public const uint SDL_PIXELFORMAT_ARGB8888 = 0x16362004;
    public const int SDL_TEXTUREACCESS_STREAMING = 1;

    public const uint SDL_QUIT = 0x100;
    public const uint SDL_WINDOWEVENT = 0x200;
    public const uint SDL_KEYDOWN = 0x300;
    public const uint SDL_USEREVENT = 0x8000;
    public const byte SDL_WINDOWEVENT_CLOSE = 14;
    public const int SDLK_ESCAPE = 27;
    public const int SDLK_q = 'q';

    private const string Library = "libSDL2-2.0.so.0";

    /// <summary>The members of the union SDL_Event that are used here.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 56)]
    public struct SDL_Event
    {
        [FieldOffset(0)]
        public uint type;

        /// <summary>SDL_WindowEvent, SDL_KeyboardEvent: the window.</summary>
        [FieldOffset(8)]
        public uint windowID;

        /// <summary>SDL_WindowEvent: SDL_WINDOWEVENT_*.</summary>
        [FieldOffset(12)]
        public byte windowEvent;

        /// <summary>SDL_KeyboardEvent: SDLK_*.</summary>
        [FieldOffset(20)]
        public int sym;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SDL_Rect
    {
        public int x;
        public int y;
        public int w;
        public int h;
    }

    /// <summary>Loads the library.</summary>
    /// <returns>False if it is not installed.</returns>
    public static bool TryLoad() => NativeLibrary.TryLoad(Library, out _);

    /// <summary>Why the last call failed.</summary>
    public static string Error => Marshal.PtrToStringUTF8(SDL_GetError()) is { Length: > 0 } text ? text : "no reason";

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SDL_SetHint(string name, string value);

    /// <summary>Sets a variable for C code, which does not see the ones that .NET sets.</summary>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SDL_setenv(string name, string value, int overwrite);

    /// <returns>0, or a negative number.</returns>
    [LibraryImport(Library)]
    public static partial int SDL_Init(uint flags);

    [LibraryImport(Library)]
    public static partial void SDL_Quit();

    /// <summary>The name of the driver that SDL_Init chose, such as <c>x11</c>.</summary>
    public static string VideoDriver => Marshal.PtrToStringUTF8(SDL_GetCurrentVideoDriver()) ?? "";

    [LibraryImport(Library)]
    public static partial int SDL_GetDisplayUsableBounds(int display, out SDL_Rect bounds);

    /// <returns>The window, or 0.</returns>
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint SDL_CreateWindow(string title, int x, int y, int w, int h, uint flags);

    [LibraryImport(Library)]
    public static partial void SDL_DestroyWindow(nint window);

    [LibraryImport(Library)]
    public static partial uint SDL_GetWindowID(nint window);

    /// <returns>The renderer, or 0.</returns>
    [LibraryImport(Library)]
    public static partial nint SDL_CreateRenderer(nint window, int index, uint flags);

    [LibraryImport(Library)]
    public static partial void SDL_DestroyRenderer(nint renderer);

    /// <summary>Scales what is drawn to the window, keeping its proportions.</summary>
    [LibraryImport(Library)]
    public static partial int SDL_RenderSetLogicalSize(nint renderer, int w, int h);

    /// <returns>The texture, or 0.</returns>
    [LibraryImport(Library)]
    public static partial nint SDL_CreateTexture(nint renderer, uint format, int access, int w, int h);

    /// <param name="texture">The texture.</param>
    /// <param name="rect">Null for all of it.</param>
    /// <param name="pixels">The pixels.</param>
    /// <param name="pitch">The bytes from one row to the next.</param>
    [LibraryImport(Library)]
    public static partial int SDL_UpdateTexture(nint texture, SDL_Rect* rect, ReadOnlySpan<uint> pixels, int pitch);

    [LibraryImport(Library)]
    public static partial int SDL_RenderClear(nint renderer);

    /// <param name="renderer">The renderer.</param>
    /// <param name="texture">The texture.</param>
    /// <param name="source">Null for all of the texture.</param>
    /// <param name="target">Null for all of the window.</param>
    [LibraryImport(Library)]
    public static partial int SDL_RenderCopy(nint renderer, nint texture, SDL_Rect* source, SDL_Rect* target);

    [LibraryImport(Library)]
    public static partial void SDL_RenderPresent(nint renderer);

    /// <returns>1 with an event, 0 without one.</returns>
    [LibraryImport(Library)]
    public static partial int SDL_WaitEventTimeout(out SDL_Event item, int milliseconds);

    /// <summary>Adds an event. Any thread may call this.</summary>
    [LibraryImport(Library)]
    public static partial int SDL_PushEvent(ref SDL_Event item);

    [LibraryImport(Library)]
    private static partial nint SDL_GetError();

    [LibraryImport(Library)]
    private static partial nint SDL_GetCurrentVideoDriver();
}
